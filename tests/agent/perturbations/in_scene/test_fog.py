"""Fog: Koschmieder's law and the depth that it works on."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment
from agent.perturbations.in_scene.fog import Fog
from agent.values import Box


@pytest.mark.parametrize(("severity", "visibility"), [(0.5, 173.2), (1.0, 30.0)])
@pytest.mark.parametrize("distance", [5.0, 40.0])
def test_a_flat_picture_follows_koschmieder(
    severity: float, visibility: float, distance: float
) -> None:
    pixels = np.full((60, 60, 3), 40, np.uint8)
    pixels[:20] = 200
    result = Fog().apply(pixels, severity, Moment(distance_m=distance))
    clear = np.exp(-3.912 / visibility * distance)
    sky = float(np.clip(0.97 * 200, 12, 225))
    veil = np.interp(sky, np.arange(256), LINEAR)
    for value, row in ((200, 5), (40, 40)):
        wanted = int(to_levels(np.array([LINEAR[value] * clear + veil * (1 - clear)]))[0])
        assert abs(int(result[row, 30, 0]) - wanted) <= 1
    assert f"{visibility:.0f} m" in Fog().describe(severity)


def test_contrast_is_two_percent_at_the_visibility() -> None:
    """That is what meteorological visibility means (black object before the sky)."""
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:, 30:] = 220
    fogged = Fog().apply(pixels, 0.5, Moment(distance_m=173.2))
    light = LINEAR[fogged[30]][:, 0]
    assert 1 - light[0] / light[-1] == pytest.approx(0.02, abs=0.01)


def test_the_road_fades_with_distance() -> None:
    pixels = np.full((240, 320, 3), 60, np.uint8)
    pixels[:40] = 220
    result = Fog(banks=0).apply(pixels, 0.6, Moment())
    road = result[130:, 160, 0].astype(int)
    assert (np.diff(road) <= 0).all()
    assert road[0] > road[-1] + 40


def test_a_near_target_is_clearer_than_a_far_one() -> None:
    pixels = np.full((240, 320, 3), 60, np.uint8)
    pixels[:40] = 220
    box = Box(140, 60, 180, 100)
    near, far = (
        Fog().apply(pixels, 0.7, Moment(region=box, distance_m=distance))[80, 160, 0]
        for distance in (8.0, 60.0)
    )
    assert near < far - 30


def test_banks_drift_sideways_with_time() -> None:
    pixels = np.full((240, 320, 3), 60, np.uint8)
    pixels[:40] = 220
    one, soon, late = (
        Fog().apply(pixels, 0.5, Moment(seed=1, time_s=time)).astype(int)
        for time in (0.0, 0.04, 6.0)
    )
    assert np.abs(one - soon).max() <= 4
    assert np.abs(one - late).max() > 4


def test_without_a_told_target_the_middle_is_not_lost_while_its_sides_are_seen() -> None:
    pixels = np.full((480, 640, 3), 40, np.uint8)
    pixels[:40] = 200
    seen = Fog(thickest_m=100, banks=0).apply(pixels, 1.0, Moment())[230, :, 1]
    assert seen[320] < 190
    assert seen[320] - seen[60] < 110
