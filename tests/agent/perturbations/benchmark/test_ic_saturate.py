"""Saturate of ImageNet-C, against HSV in floats."""

from __future__ import annotations

import colorsys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_saturate import IcSaturate

CONSTANTS = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))

channel = st.integers(0, 255)


@given(red=channel, green=channel, blue=channel, level=st.integers(1, 5))
def test_saturation_is_multiplied_and_added_to_at_the_same_hue_and_value(
    red: int, green: int, blue: int, level: int
) -> None:
    pixels = np.full((16, 16, 3), (red, green, blue), np.uint8)
    times, plus = CONSTANTS[level - 1]
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    wanted = colorsys.hsv_to_rgb(hue, min(saturation * times + plus, 1), value)
    result = IcSaturate().apply(pixels, level / 5, Moment())[8, 8]
    assert np.abs(result - 255 * np.array(wanted)).max() <= 1.6


def test_gray_turns_red_where_saturation_is_added_and_stays_gray_where_it_is_multiplied() -> None:
    gray = np.full((16, 16, 3), 150, np.uint8)
    assert (IcSaturate().apply(gray, 0.6, Moment()) == 150).all()
    red, green, blue = IcSaturate().apply(gray, 1.0, Moment())[0, 0].tolist()
    assert (red, green, blue) == (150, 120, 120)
