"""Low light: lux in linear light."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_scene.low_light import LowLight


@pytest.mark.parametrize("severity", [0.25, 0.5, 0.75])
def test_light_falls_as_the_lux_do(severity: float) -> None:
    gray = np.full((16, 16, 3), 220, np.uint8)
    dark = LowLight().apply(gray, severity, Moment())
    lux = float(LowLight().describe(severity).split()[0])
    ratio = LINEAR[dark[0, 0, 1]] / LINEAR[220]
    assert ratio == pytest.approx(lux / 400, rel=0.06)


def test_steps_of_severity_are_equal_ratios_of_light() -> None:
    lux = [float(LowLight().describe(part / 4).split()[0]) for part in range(5)]
    ratios = np.array(lux[1:]) / lux[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=0.02)
    assert lux[0] == 400
    assert lux[-1] == 7.5


def test_colour_fades() -> None:
    red = np.full((16, 16, 3), (200, 30, 40), np.uint8)
    light = LINEAR[LowLight().apply(red, 0.8, Moment())[0, 0]]
    assert light[1] / light[0] > 2 * LINEAR[30] / LINEAR[200]
