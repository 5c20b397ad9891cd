"""Spatter of ImageNet-C: water adds turquoise, mud covers with brown."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_spatter import IcSpatter


@pytest.mark.parametrize(("level", "strength"), [(1, 0.6), (2, 0.6), (3, 0.5)])
def test_water_adds_turquoise_up_to_its_strength(level: int, strength: float) -> None:
    black = np.zeros((224, 224, 3), np.uint8)
    result = IcSpatter().apply(black, level / 5, Moment(seed=1))
    highest = result.reshape(-1, 3).max(0)
    np.testing.assert_allclose(highest, strength * np.array((175, 238, 238)), atol=1)
    gray = IcSpatter().apply(black + 90, level / 5, Moment(seed=1))
    np.testing.assert_array_equal(gray, result + 90)


@pytest.mark.parametrize("level", [4, 5])
def test_mud_is_brown_and_covers_by_four_fifths_at_least_or_not_at_all(
    level: int,
) -> None:
    white = np.full((224, 224, 3), 255, np.uint8)
    result = IcSpatter().apply(white, level / 5, Moment(seed=1)).astype(float)
    cover = (255 - result[..., 2]) / (255 - 20)
    muddy = cover > 0.01
    assert cover[muddy].min() > 0.79
    brown = 255 * (1 - cover[..., None]) + cover[..., None] * np.array((63, 42, 20))
    np.testing.assert_allclose(result, brown, atol=2.5)
    assert 0.03 < muddy.mean() < 0.6


def test_water_gives_way_to_mud_between_levels_three_and_four() -> None:
    gray = np.full((128, 128, 3), 128, np.uint8)
    between = IcSpatter().apply(gray, 0.7, Moment(seed=1)).astype(int)
    assert (between > 140).any()
    assert (between < 90).any()
