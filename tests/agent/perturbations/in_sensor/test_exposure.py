"""Exposure in stops of light."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_sensor.exposure import Exposure


@pytest.mark.parametrize(("direction", "ratio"), [("over", 2.0), ("under", 0.5)])
def test_one_stop_doubles_or_halves_the_light(direction: str, ratio: float) -> None:
    exposure = Exposure.model_validate({"direction": direction})
    pixels = np.full((16, 16, 3), 120, np.uint8)
    light = LINEAR[exposure.apply(pixels, 1 / 3, Moment())[0, 0, 0]]
    assert light / LINEAR[120] == pytest.approx(ratio, rel=0.02)
    assert exposure.describe(1 / 3) in ("+1.00 EV", "-1.00 EV")


def test_white_clips() -> None:
    pixels = np.full((16, 16, 3), 200, np.uint8)
    assert (Exposure().apply(pixels, 0.8, Moment()) == 255).all()
