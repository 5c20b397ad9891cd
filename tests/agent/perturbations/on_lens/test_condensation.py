"""Condensation: how much of the view is fogged, the clear rest, lamps behind it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens.condensation import Condensation

STRIPES = np.full((240, 320, 3), 70, np.uint8)
STRIPES[:, ::2] = 180


def contrast(severity: float, seed: int) -> np.ndarray:
    result = Condensation().apply(STRIPES, severity, Moment(seed=seed)).astype(float)
    return np.abs(np.diff(result[..., 1], axis=1)) / 110


@pytest.mark.parametrize("severity", [0.25, 0.5, 0.75])
def test_the_fogged_part_is_the_one_described(severity: float) -> None:
    fogged = np.mean([(contrast(severity, seed) < 0.55).mean() for seed in range(8)])
    assert fogged == pytest.approx(severity, abs=0.12)


def test_what_has_cleared_is_quite_clear() -> None:
    for seed in range(4):
        assert (contrast(0.4, seed) > 0.97).mean() > 0.25


def test_at_full_severity_fine_detail_is_gone_but_for_the_tracks_of_drops() -> None:
    assert np.mean([np.median(contrast(1.0, seed)) for seed in range(4)]) < 0.08


def test_a_lamp_at_night_becomes_a_wide_glow() -> None:
    night = np.full((240, 320, 3), 8, np.uint8)
    cv2.circle(night, (160, 120), 6, (255, 255, 255), -1)
    result = np.mean(
        [Condensation().apply(night, 1.0, Moment(seed=seed))[..., 1] for seed in range(4)], axis=0
    )
    assert result[120, 160] < 230
    assert result[120, 175] > 30
