"""Stickers on the lens: soft dots, their share of the view."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens.lens_sticker import LensSticker, _dot

STRIPES = np.full((240, 320, 3), 60, np.uint8)
STRIPES[:, ::2] = 200


def hidden(severity: float, seed: int, opacity: float) -> float:
    """Part of the view whose contrast is at least half as much lower as a dot's middle makes it."""
    result = LensSticker(opacity=opacity).apply(STRIPES, severity, Moment(seed=seed)).astype(float)
    contrast = np.abs(np.diff(result[..., 1], axis=1)) / 140
    return float((1 - contrast > opacity / 2).mean())


@pytest.mark.parametrize("severity", [0.4, 1.0])
def test_dots_take_the_part_that_is_described(severity: float) -> None:
    """Some lie across the edge or on another, so a little less is seen."""
    share = np.mean([hidden(severity, seed, 0.7) for seed in range(10)])
    assert 0.65 * 0.2 * severity < share < 1.1 * 0.2 * severity


def test_behind_a_dot_the_scene_still_shows_by_its_opacity() -> None:
    result = LensSticker(opacity=0.6, most=0.1).apply(STRIPES, 1.0, Moment(seed=2)).astype(float)
    contrast = np.abs(np.diff(result[..., 1], axis=1)) / 140
    assert np.quantile(contrast, 0.01) == pytest.approx(0.4, abs=0.03)


def test_a_dot_is_full_in_the_middle_and_falls_to_a_third_at_its_radius() -> None:
    dot = _dot((81, 81), 40.5, 40.5, 20.0)[..., 0]
    assert dot[40, 40] == pytest.approx(1)
    assert dot[40, 60] == pytest.approx(np.exp(-1), abs=0.01)
    assert dot[40, 80] < 1e-6


def test_dots_stay_put() -> None:
    one = LensSticker().apply(STRIPES, 0.6, Moment(seed=1))
    two = LensSticker().apply(STRIPES, 0.6, Moment(seed=1, time_s=60, frame=1800))
    np.testing.assert_array_equal(one, two)
