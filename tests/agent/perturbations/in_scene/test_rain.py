"""Rain: streaks that fall, and more of them."""

from __future__ import annotations

import numpy as np

from agent.perturbations import Moment
from agent.perturbations.in_scene.rain import Rain
from agent.values import Box, Sensor

NIGHT = np.full((240, 320, 3), 60, np.uint8)
NIGHT[:60] = 170


def test_streaks_move_downward() -> None:
    """A frame later the far layer, the slowest, has fallen some pixels: never upward."""
    rain = Rain(wind_m_s=0, veil=0, wet_road=0)
    first, later = (
        rain.apply(NIGHT, 0.3, Moment(seed=1, time_s=time))[80:, :, 0].astype(float)
        for time in (0.0, 0.01)
    )
    first, later = first - first.mean(), later - later.mean()
    match = {
        shift: float((first[40:-40] * later[40 + shift : later.shape[0] - 40 + shift]).sum())
        for shift in range(-30, 31)
    }
    best = max(match, key=lambda shift: match[shift])
    assert 2 <= best <= 30


def test_streaks_are_taller_than_wide_and_grow_with_the_exposure() -> None:
    rain = Rain(wind_m_s=0, veil=0, wet_road=0)
    heights = []
    for exposure in (0.004, 0.02):
        moment = Moment(seed=1, sensor=Sensor(exposure_s=exposure))
        streaks = rain.apply(NIGHT, 0.5, moment)[80:, :, 0].astype(float) - 60
        down = np.corrcoef(streaks[:-4].ravel(), streaks[4:].ravel())[0, 1]
        across = np.corrcoef(streaks[:, :-4].ravel(), streaks[:, 4:].ravel())[0, 1]
        assert down > across
        heights.append(down)
    assert heights[1] > heights[0]


def test_more_rain_keeps_the_streaks_of_less() -> None:
    rain = Rain(veil=0, wet_road=0)
    few = rain.apply(NIGHT, 0.2, Moment(seed=1))[80:, :, 0].astype(int) - 60
    many = rain.apply(NIGHT, 0.9, Moment(seed=1))[80:, :, 0].astype(int) - 60
    assert (many > 0).sum() > 1.5 * (few > 0).sum()
    assert np.corrcoef(few.ravel(), many.ravel())[0, 1] > 0.2


def test_rain_brightens_the_dark_and_veils_contrast() -> None:
    wet = Rain().apply(NIGHT, 1.0, Moment(seed=1))
    assert wet[120:].mean() > 60
    assert wet[:60].mean() - wet[120:].mean() < 110


def test_intensity_rises_in_equal_ratios() -> None:
    assert Rain().describe(1.0) == "100 mm/h"
    assert Rain().describe(0.5) == "14.1 mm/h"


def road(value: tuple[int, int, int]) -> np.ndarray:
    pixels = np.full((480, 640, 3), value, np.uint8)
    pixels[:240] = 215
    return pixels


def test_a_gray_road_gets_darker_nearby_and_mirrors_the_sky_far_off() -> None:
    wet = Rain(veil=0, boldness=0).apply(road((90, 90, 90)), 0.6, Moment(distance_m=20))
    assert wet[475, 320, 1] < 86
    assert wet[250, 320, 1] > wet[475, 320, 1] + 40


def test_green_ground_and_the_target_stay_dry() -> None:
    rain, green = Rain(veil=0, boldness=0), road((60, 120, 50))
    np.testing.assert_allclose(rain.apply(green, 0.6, Moment()), green, atol=1)
    seen = rain.apply(road((90, 90, 90)), 0.6, Moment(region=Box(280, 340, 360, 420)))
    assert seen[380, 320, 1] == 90
    assert seen[380, 180, 1] != 90


def test_rain_hides_by_distance() -> None:
    pixels = np.full((240, 320, 3), 40, np.uint8)
    pixels[:60] = 210
    box = Box(140, 70, 180, 110)
    near, far = (
        float(
            np.median(
                Rain().apply(pixels, 1.0, Moment(region=box, distance_m=away))[80:100, 150:170]
            )
        )
        for away in (6.0, 80.0)
    )
    assert far > near + 20
