"""Backlight: stops below the sky, and a grey shade."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_scene.backlight import Backlight
from agent.values import Box


def scene() -> np.ndarray:
    pixels = np.full((240, 320, 3), (90, 100, 80), np.uint8)
    pixels[:130] = (190, 205, 225)
    pixels[60:100, 140:180] = (230, 230, 230)
    return pixels


@pytest.mark.parametrize("severity", [0.25, 0.5, 1.0])
def test_the_foreground_falls_by_the_stops_told(severity: float) -> None:
    result = Backlight(veiling=0).apply(scene(), severity, Moment())
    stops = float(Backlight().describe(severity).split()[0])
    seen = LINEAR[result[220, 160]] / LINEAR[scene()[220, 160]]
    np.testing.assert_allclose(seen, 2.0**-stops, rtol=0.12)


def test_the_sky_stays_bright_and_a_white_target_before_it_does_not() -> None:
    box = Box(140, 60, 180, 100)
    result = Backlight().apply(scene(), 1.0, Moment(region=box))
    assert result[20, 40].min() > 200
    assert result[80, 160].max() < 120


def test_bright_ground_is_not_taken_for_sky() -> None:
    pixels = scene()
    pixels[180:200] = 240
    assert Backlight().apply(pixels, 1.0, Moment())[190, 160].max() < 120


def test_stray_light_keeps_shade_from_black() -> None:
    pixels = scene()
    pixels[200:] = 0
    with_veil, without = (
        Backlight(veiling=part).apply(pixels, 1.0, Moment()) for part in (0.02, 0)
    )
    assert LINEAR[with_veil[220, 160, 0]] == pytest.approx(0.02 * LINEAR[250], rel=0.1)
    assert without[220, 160, 0] == 0


def test_a_gray_sky_becomes_the_bright_light_behind() -> None:
    chance = np.random.default_rng(1)
    pixels = chance.integers(30, 160, (240, 320, 3)).astype(np.uint8)
    pixels[:100] = (112, 114, 118)
    result = Backlight().apply(pixels, 1.0, Moment())
    assert result[20:60].min() > 200
    assert result[180:].mean() < 80
