from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

from agent.errors import ModelError
from agent.values import Box

LABELS = ("stop", "yield")


def maps(peaks: dict[tuple[int, int, int], float]) -> tuple[Any, Any]:
    """8 x 8 cells over a 64 x 64 input: stride 8. Every box is 16 x 32 pixels, half a cell in."""
    heat = np.zeros((1, 8, 8, 2), np.float32)
    for place, value in peaks.items():
        heat[(0, *place)] = value
    box = np.zeros((1, 8, 8, 4), np.float32)
    box[...] = (0.5, 0.5, log(16 / 32), log(32 / 32))
    return heat, box


@pytest.mark.parametrize("names", [("heat", "box"), ("box", "heat")])
def test_a_peak_is_an_object_around_its_centre(
    build: Any, black: Any, names: tuple[str, str]
) -> None:
    heat, box = maps({(4, 3, 0): 0.75})
    arrays = [heat, box] if names[0] == "heat" else [box, heat]
    model = build("centernet", arrays, LABELS, names=names)
    (found,) = model.predict(black).detections
    # Centre ((3 + .5) * 8, (4 + .5) * 8) = (28, 36), 16 x 32 in a 64 x 64 input; the frame is
    # 128 x 64, so x is doubled.
    assert (found.label, found.score) == ("stop", 0.75)
    assert found.box == pytest.approx(Box(40, 20, 72, 52))


def test_only_the_greatest_of_a_neighbourhood_counts(build: Any, black: Any) -> None:
    around = {(4 + i, 3 + j, 0): 0.7 for i in (-1, 0, 1) for j in (-1, 0, 1)}
    heat, box = maps({**around, (4, 3, 0): 0.75, (4, 4, 1): 0.6, (0, 7, 0): 0.55})
    box[..., 2:] = -9  # so small that no box overlaps another
    model = build("centernet", [heat, box], LABELS, names=("heat", "box"))
    found = model.predict(black).detections
    assert [(d.label, round(d.score, 2)) for d in found] == [
        ("stop", 0.75),
        ("yield", 0.6),
        ("stop", 0.55),
    ]


def test_peaks_below_the_threshold_or_of_no_interest_go(build: Any, black: Any) -> None:
    heat, box = maps({(4, 3, 0): 0.45, (1, 1, 1): 0.9})
    model = build("centernet", [heat, box], LABELS, names=("heat", "box"), targets=("stop",))
    assert model.predict(black).detections == ()


def test_a_plateau_of_equal_heat_is_one_object(build: Any, black: Any) -> None:
    heat, box = maps({(4, 3, 0): 0.75, (4, 4, 0): 0.75})
    box[0, 4, 4, 0] = -0.5  # both cells point at the same centre
    model = build("centernet", [heat, box], LABELS, names=("heat", "box"))
    assert len(model.predict(black).detections) == 1


def test_quantised_maps_are_made_real(build: Any, black: Any) -> None:
    heat, box = maps({(4, 3, 0): 0.75})
    box[...] = (0.5, 0.5, 0, 0)
    stored = [
        np.round(heat * 256 - 128).astype(np.int8),
        np.round(box * 32).astype(np.int8),
    ]
    quantisation = ((1 / 256, -128), (1 / 32, 0))
    model = build("centernet", stored, LABELS, names=("heat", "box"), quantisation=quantisation)
    (found,) = model.predict(black).detections
    assert found.score == 0.75
    assert found.box == Box(24, 20, 88, 52)


def test_other_outputs_are_refused(build: Any) -> None:
    heat, box = maps({})
    with pytest.raises(ModelError, match="called heat and box"):
        build("centernet", [heat, box], LABELS)
    with pytest.raises(ModelError, match=r"heat \[1, h, w, C\] and box"):
        build("centernet", [heat, box[..., :2]], LABELS, names=("heat", "box"))
    with pytest.raises(ModelError, match="2 classes, but there are 3 labels"):
        build("centernet", [heat, box], (*LABELS, "x"), names=("heat", "box"))
