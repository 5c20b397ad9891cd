"""White balance: gains of Wien's law in light, and white that clips."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_sensor.white_balance import WhiteBalance


def test_light_is_multiplied_by_the_gains_and_green_is_kept() -> None:
    grey = np.full((16, 16, 3), 100, np.uint8)
    result = WhiteBalance().apply(grey, 0.5, Moment())[0, 0]
    assert LINEAR[result] / LINEAR[100] == pytest.approx(WhiteBalance().gains(0.5), rel=0.03)
    assert result[1] == 100


def test_equal_errors_in_mired_multiply_their_gains() -> None:
    one, half = WhiteBalance(mired=150).gains(1.0), WhiteBalance(mired=150).gains(0.5)
    assert one == pytest.approx(half**2)
    assert WhiteBalance(mired=150, towards="warm").gains(1.0) == pytest.approx(1 / one)


def test_between_tungsten_and_daylight_the_gains_are_those_of_black_bodies() -> None:
    def body(kelvin: float) -> np.ndarray:
        metres = np.array((600e-9, 540e-9, 460e-9))
        return metres**-5 / np.expm1(1.4388e-2 / (metres * kelvin))

    ratio = body(6500.0) / body(3000.0)
    error = 1e6 / 3000 - 1e6 / 6500
    assert WhiteBalance(mired=error).gains(1.0) == pytest.approx(ratio / ratio[1], rel=0.02)


def test_white_turns_into_a_tint_towards_the_side_named() -> None:
    white = np.full((16, 16, 3), 255, np.uint8)
    red, _, blue = WhiteBalance(towards="cool").apply(white, 1.0, Moment())[0, 0]
    assert red < 210
    assert blue == 255
    red, _, blue = WhiteBalance(towards="warm").apply(white, 1.0, Moment())[0, 0]
    assert red == 255
    assert blue < 210
