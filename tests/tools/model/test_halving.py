from __future__ import annotations

from typing import Any

import numpy as np

from agent.values import Frame, Prediction, TrueObject, Truth
from tools.model.halving import Entry, halve, ties


class OneAnswer:
    """A model right on every frame whose index is not a multiple of ``wrong`` (0: never wrong)."""

    detects = False
    labels = ("yes", "no")

    def __init__(self, wrong: int) -> None:
        self.wrong = wrong
        self.seen = 0

    def predict(self, pixels: Any) -> Prediction:
        index = int(pixels[0, 0, 0])
        self.seen += 1
        right = self.wrong == 0 or index % self.wrong != 0
        return Prediction(scores=np.array([right, not right], np.float32), labels=self.labels)


def entries(*wrong: int) -> list[Entry]:
    models: list[Any] = [OneAnswer(every) for every in wrong]
    reading: Any = None
    return [Entry(rank, model, reading, rank) for rank, model in enumerate(models)]


def frames(count: int) -> list[Frame]:
    truth = Truth((TrueObject("yes"),))
    return [Frame(np.full((1, 1, 3), i, np.uint8), i, "", truth=truth) for i in range(count)]


def test_the_best_is_first_and_the_hopeless_are_given_up_early() -> None:
    tried = entries(1, 1, 1, 1, 2, 2, 2, 0, 1, 1)
    ranked = halve(tried, frames(200), lambda done, planned: None)
    assert ranked[0] is tried[7]
    assert ranked[0].correct == ranked[0].n == 200
    assert sorted(map(id, ranked)) == sorted(map(id, tried))
    assert tried[9].n == 32


def test_of_those_that_tie_the_most_usual_is_first() -> None:
    tried = entries(2, 0, 0, 100)
    ranked = halve(tried, frames(100), lambda done, planned: None)
    assert ranked[0] is tried[1]
    assert ties(tried[3], tried[1])  # one frame in a hundred is no difference
    assert not ties(tried[0], tried[1])


def test_a_usual_card_that_fell_by_chance_gets_all_frames() -> None:
    # Rank 0 is wrong on frame 0 only, and five others are not: it falls in the first round.
    tried = entries(255, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ranked = halve(tried, frames(200), lambda done, planned: None)
    assert tried[0].n == 200
    assert ranked[0] is tried[0]
