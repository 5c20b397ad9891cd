"""Vignetting: the corner's loss, the cosine law, the middle."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR, to_encoded
from agent.perturbations import Moment
from agent.perturbations.on_lens.vignetting import Vignetting, _passed

GRAY = np.full((301, 401, 3), 220, np.uint8)


@pytest.mark.parametrize("severity", [0.2, 0.5, 1.0])
def test_the_corner_loses_the_light_that_is_described_and_the_middle_none(
    severity: float,
) -> None:
    result = Vignetting().apply(GRAY, severity, Moment())
    loss = np.log2(LINEAR[220] / LINEAR[int(result[0, 0, 1])])
    assert loss == pytest.approx(3 * severity, abs=0.12)
    assert abs(int(result[150, 200, 1]) - 220) <= 1


def test_within_the_natural_part_light_falls_as_the_fourth_power_of_the_cosine() -> None:
    away = np.array([0.0, 0.3, 0.7, 1.0])
    light = _passed(away, 0.8, half_angle_deg=45)
    corner = np.arccos(2 ** (-0.8 / 4))
    np.testing.assert_allclose(light, np.cos(np.arctan(away * np.tan(corner))) ** 4, atol=1e-3)


def test_values_are_those_of_darkened_linear_light() -> None:
    chance = np.random.default_rng(3)
    pixels = chance.integers(0, 256, (240, 320, 3)).astype(np.uint8)
    result = Vignetting().apply(pixels, 1.0, Moment()).astype(float)
    down = (np.arange(240) + 0.5 - 120)[:, None]
    across = (np.arange(320) + 0.5 - 160)[None]
    light = _passed(np.hypot(down, across) / 200, 3.0, 35.0)
    exact = to_encoded(LINEAR[pixels] * light[..., None]) * 255
    assert 10 * np.log10(255**2 / np.mean((result - exact) ** 2)) > 44
