"""Graded answers: right or wrong, phantoms, and what precision needs of them."""

from __future__ import annotations

import numpy as np

from agent.metrics.matching import sight
from agent.values import Box, Detection, Prediction, Target
from tools.evaluate.graded import Graded, grade

SIGN, FAR, NEAR = Box(0, 0, 10, 10), Box(50, 50, 60, 60), Box(0, 0, 10, 4)
TARGET = Target(0, 0, "stop", SIGN)


def test_a_detectors_answers_are_right_phantoms_or_neither() -> None:
    found = Prediction(
        tuple(Detection("stop", s, box) for s, box in ((0.9, SIGN), (0.8, FAR), (0.7, NEAR)))
    )
    sightings, _ = sight(found, [TARGET])
    graded = grade(found, [TARGET], sightings, frozenset())
    assert graded.answers == ((0.9, True), (0.8, False), (0.7, False))
    assert graded.phantoms == ("stop",), "a loose second box is none"
    (stop,) = graded.ranked
    assert (stop.label, stop.scores, stop.truths) == ("stop", (0.9, 0.8, 0.7), 1)
    assert stop.hits == (0b1111111111, 0, 0)


def test_a_classifiers_phantom_is_a_label_of_interest_where_nothing_is() -> None:
    answer = Prediction(scores=np.array([0.75, 0.25], np.float32), labels=("stop", "none"))
    assert grade(answer, [], [], frozenset({"stop"})).phantoms == ("stop",)
    assert grade(answer, [], [], frozenset({"none"})).phantoms == ()
    target = Target(0, 0, "none")
    sightings, _ = sight(answer, [target])
    assert grade(answer, [target], sightings, frozenset({"stop"})) == Graded(((0.75, False),))


def test_an_answer_that_was_not_kept_has_no_grades() -> None:
    assert grade(None, [TARGET], [], frozenset()) == Graded()
