"""Dirt on the lens: how much of the view it takes, and that it stays."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens.lens_dirt import LensDirt

SKY = np.full((240, 320, 3), 200, np.uint8)


@pytest.mark.parametrize("severity", [0.3, 0.7, 1.0])
def test_the_dirty_part_is_the_one_described(severity: float) -> None:
    """Two spots of three are mud and darken a sky well; the third kind, dried drops, hardly."""
    muddy = [
        (LensDirt(density=1).apply(SKY, severity, Moment(seed=seed))[..., 1] < 150).mean()
        for seed in range(8)
    ]
    assert np.mean(muddy) == pytest.approx(0.5 * severity * 2 / 3, rel=0.25)


def test_the_film_between_spots_lightens_dark_places_of_a_bright_scene() -> None:
    scene = SKY.copy()
    scene[120:] = 10
    result = LensDirt().apply(scene, 1.0, Moment(seed=2))
    assert np.median(result[130:, :, 1]) > 15


def test_dirt_stays_where_it_is() -> None:
    one = LensDirt().apply(SKY, 0.6, Moment(seed=1))
    two = LensDirt().apply(SKY, 0.6, Moment(seed=1, time_s=60, frame=1800))
    np.testing.assert_array_equal(one, two)


def test_more_severity_only_darkens_a_bright_view() -> None:
    less = LensDirt().apply(SKY, 0.3, Moment(seed=1)).astype(int)
    more = LensDirt().apply(SKY, 0.8, Moment(seed=1)).astype(int)
    assert (more <= less + 12).mean() > 0.97
    assert more.mean() < less.mean() - 10
