"""Brightness of ImageNet-C, against HSV in floats."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_brightness import IcBrightness

channel = st.integers(0, 255)


@given(red=channel, green=channel, blue=channel, level=st.integers(1, 5))
def test_a_tenth_per_level_is_added_to_the_value_alone(
    red: int, green: int, blue: int, level: int
) -> None:
    pixels = np.full((16, 16, 3), (red, green, blue), np.uint8)
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    wanted = colorsys.hsv_to_rgb(hue, saturation, min(value + level / 10, 1))
    result = IcBrightness().apply(pixels, level / 5, Moment())[8, 8]
    # The standard cuts off to whole levels, so half a level is lost on average.
    assert np.abs(result - 255 * np.array(wanted)).max() <= 1.5


@pytest.mark.parametrize("level", [1, 3, 5])
def test_black_becomes_gray_as_it_has_no_hue(level: int) -> None:
    black = np.zeros((16, 16, 3), np.uint8)
    result = IcBrightness().apply(black, level / 5, Moment())
    assert (result == int(25.5 * level)).all()
