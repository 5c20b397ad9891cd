"""Tape: its area and its two tones."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_object.tape import Tape
from agent.values import Box

BOX = Box(50, 50, 550, 550)
SIGN = np.full((600, 600, 3), (150, 30, 40), np.uint8)
SIGN[250:350, 150:450] = 220


@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_the_strips_cover_the_area_that_is_described(severity: float) -> None:
    changed = np.abs(Tape().apply(SIGN, severity, Moment(seed=1, region=BOX)).astype(int) - SIGN)
    area = (changed.max(2) > 40).sum() * (76.2 / 500) ** 2
    assert area == pytest.approx(720 * severity, rel=0.08)
    assert f"{720 * severity:.0f} cm²" in Tape().describe(severity)


def test_there_are_black_strips_and_white_ones() -> None:
    taped = Tape().apply(SIGN, 1.0, Moment(seed=1, region=BOX))
    strips = taped[(taped != SIGN).any(2)].min(1)
    dark, bright = (strips < 60).mean(), (strips > 160).mean()
    assert dark > 0.5
    assert bright > 0.2


def test_strips_stay_on_the_face_of_any_seed() -> None:
    rows, columns = np.mgrid[0:600, 0:600] - 299.5
    off_face = np.maximum(np.abs(rows), np.abs(columns)) > 252
    off_face |= np.abs(rows) + np.abs(columns) > 500 * 0.7072 + 4
    for seed in range(6):
        taped = Tape().apply(SIGN, 1.0, Moment(seed=seed, region=BOX))
        assert not ((taped != SIGN).any(2) & off_face).any()
