"""Fog of ImageNet-C: its law on even pictures, and its fractal's roughness."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark._weather_plasma import plasma
from agent.perturbations.benchmark.ic_fog import IcFog


@pytest.mark.parametrize(("level", "amplitude"), [(1, 1.5), (2, 2.0), (3, 2.5), (5, 3.0)])
def test_what_is_added_reaches_from_nothing_to_the_amplitude_and_is_dimmed_into_range(
    level: int, amplitude: float
) -> None:
    pixels = np.full((256, 256, 3), 100, np.uint8)
    result = IcFog().apply(pixels, level / 5, Moment(seed=1))
    brightest = 100 / 255
    dimmed = brightest / (brightest + amplitude)
    assert result.min() == pytest.approx(100 * dimmed, abs=1.1)
    assert result.max() == pytest.approx((100 + 255 * amplitude) * dimmed, abs=1.1)
    assert (np.ptp(result, axis=2) == 0).all()


@pytest.mark.parametrize("side", [64, 256])
@pytest.mark.parametrize("decay", [2.0, 1.4])
def test_midpoints_stray_from_their_neighbours_mean_by_a_chance_that_decays_squared(
    side: int, decay: float
) -> None:
    """The finest two scales, of those drawn by the seed and of those drawn once."""
    strays = []
    for seed in range(4):
        heights = plasma(side, decay, np.random.default_rng(seed)).astype(float)
        for grid in (heights, heights[::2, ::2]):
            corners = grid[:-2:2, :-2:2] + grid[2::2, :-2:2] + grid[:-2:2, 2::2] + grid[2::2, 2::2]
            strays.append((grid[1:-1:2, 1:-1:2] - corners / 4).std())
    fine, coarse = np.array(strays).reshape(4, 2).mean(0)
    assert coarse / fine == pytest.approx(decay**2, rel=0.08)
    levels = int(np.log2(side))
    assert fine == pytest.approx(decay ** (-2 * (levels - 1)) / 3**0.5, rel=0.08)


def test_the_plasma_goes_on_over_its_edges() -> None:
    heights = plasma(256, 2.0, np.random.default_rng(3))
    inside = np.abs(np.diff(heights, axis=1)).mean()
    assert np.abs(heights[:, 0] - heights[:, -1]).mean() < 2 * inside


def test_fog_stands_still_over_a_clip() -> None:
    pixels = np.full((60, 80, 3), 90, np.uint8)
    one, two = (IcFog().apply(pixels, 0.6, Moment(time_s=t, frame=int(30 * t))) for t in (0, 2))
    np.testing.assert_array_equal(one, two)
