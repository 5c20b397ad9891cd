"""The sRGB curve."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR, to_encoded, to_levels, to_linear


def test_the_curve_and_its_inverse_undo_each_other() -> None:
    np.testing.assert_array_equal(to_levels(LINEAR), np.arange(256))
    light = np.linspace(0, 1, 50)
    np.testing.assert_allclose(to_linear(to_encoded(light)), light, atol=1e-9)


def test_middle_gray_reflects_about_a_fifth() -> None:
    assert LINEAR[119] == pytest.approx(0.184, abs=0.002)


def test_light_beyond_white_and_black_is_clipped() -> None:
    np.testing.assert_array_equal(to_levels(np.array([-1.0, 2.0])), (0, 255))
