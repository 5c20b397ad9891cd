from __future__ import annotations

import pytest

from agent.models._graph import GraphFacts, Tensor
from tools.model.kind import guess_kind


def facts(*outputs: tuple[int, ...], names: tuple[str, ...] = (), scores: int = 0) -> GraphFacts:
    tensors = tuple(
        Tensor(names[i] if names else f"out{i}", shape, "float32")
        for i, shape in enumerate(outputs)
    )
    picture = (Tensor("picture", (1, 320, 320, 3), "float32"),)
    return GraphFacts(picture, tensors, {}, {}, scores, True, "by hand")


# 320 pixels at strides 8, 16, 32: 1600 + 400 + 100 = 2100 cells.
@pytest.mark.parametrize(
    ("given", "kind", "classes"),
    [
        (facts((1, 43)), "classifier", 43),
        (facts((1, 1, 1, 1001)), "classifier", 1001),
        (facts((1, 84, 2100)), "yolo", 80),
        (facts((1, 2100, 84)), "yolo", 80),
        (facts((1, 6300, 85)), "yolo", 80),
        (facts((1, 10, 4), (1, 10), (1, 10), (1,), scores=91), "ssd", 90),
        (facts((1, 10), (1, 10, 4), (1,), (1, 10)), "ssd", 0),
        (facts((1, 40, 40, 4), (1, 40, 40, 4), names=("heat", "box")), "centernet", 4),
        (facts((1, 13, 13, 425)), None, 0),
        (facts((1, 300, 6)), None, 0),
        (facts((1, 40, 40, 4), (1, 40, 40, 4)), None, 0),
        (facts((1, 1)), None, 0),
    ],
)
def test_the_outputs_tell_the_kind(given: GraphFacts, kind: str | None, classes: int) -> None:
    guess = guess_kind(given)
    assert (guess.kind, guess.classes) == (kind, classes)
    assert guess.reason


def test_a_raw_grid_is_called_so() -> None:
    assert "raw grid" in guess_kind(facts((1, 13, 13, 425))).reason
