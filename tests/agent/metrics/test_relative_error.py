"""Errors beyond the clean ones, against figures published for ResNet-50."""

from __future__ import annotations

import pytest

from agent.metrics.corruption_error import ALEXNET
from agent.metrics.relative_error import (
    ALEXNET_CLEAN,
    mean_relative_corruption_error,
    relative_corruption_error,
    relative_error,
)

RESNET_50_CE = {
    "gaussian_noise": 0.80,
    "shot_noise": 0.82,
    "impulse_noise": 0.83,
    "defocus_blur": 0.75,
    "glass_blur": 0.89,
    "motion_blur": 0.78,
    "zoom_blur": 0.80,
    "snow": 0.78,
    "frost": 0.75,
    "fog": 0.66,
    "brightness": 0.57,
    "contrast": 0.71,
    "elastic": 0.85,
    "pixelate": 0.77,
    "jpeg": 0.77,
}
"""Published rounded to a percent; with them mCE is .769 (published: .767)."""


def test_resnet_50_has_its_published_relative_mce_as_far_as_rounded_figures_tell() -> None:
    errors = {name: [ce * error for error in ALEXNET[name]] for name, ce in RESNET_50_CE.items()}
    figure = mean_relative_corruption_error(errors, clean=0.2385)
    assert figure == pytest.approx(1.05, abs=0.01)


def test_alexnets_own_relative_error_is_one() -> None:
    assert mean_relative_corruption_error(ALEXNET, ALEXNET_CLEAN) == pytest.approx(1)
    assert mean_relative_corruption_error({"snow": ALEXNET["snow"]}, ALEXNET_CLEAN) is None


def test_a_model_that_loses_nothing_has_none() -> None:
    assert relative_corruption_error("fog", [0.6] * 5, clean=0.6) == pytest.approx(0)
    with pytest.raises(ValueError, match="5 levels, not 4"):
        relative_corruption_error("fog", [0.6] * 4, clean=0.6)


def test_the_relative_error_is_the_share_lost_of_what_was_right() -> None:
    assert relative_error(0.55, 0.1) == pytest.approx(0.5)
    assert relative_error(1.0, 0.4) == pytest.approx(1)
    assert relative_error(0.1, 0.4) == pytest.approx(-0.5)
    assert relative_error(1.0, 1.0) is None
    with pytest.raises(ValueError, match="lie in"):
        relative_error(55, 10)
