"""Measured properties of targets: units that can be worked out by hand."""

from __future__ import annotations

from datetime import timezone

import cv2
import numpy as np
import pytest

from agent.metrics.bands import BANDS, slices_of
from agent.values import Box, Frame, Target
from tools.evaluate.properties import appearance, measured


def board() -> np.ndarray:
    """Black and white in squares of 4 px, (64, 64, 3)."""
    place = (np.indices((64, 64)) // 4).sum(0) % 2
    return np.repeat((place * 255).astype(np.uint8)[..., None], 3, 2)


def test_brightness_and_contrast_are_in_grey_levels_of_the_region_alone() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[10:20, 10:20] = 200
    pixels[10:20, 15:20] = 100
    found = appearance(pixels, Box(10, 10, 20, 20))
    assert found["brightness"] == pytest.approx(150)
    assert found["contrast"] == pytest.approx(50)
    assert appearance(pixels)["brightness"] == pytest.approx(150 / 16)


def test_blur_lowers_sharpness_band_by_band_and_leaves_brightness() -> None:
    sharp = appearance(board())
    soft = appearance(cv2.GaussianBlur(board(), (0, 0), 2))
    softer = appearance(cv2.GaussianBlur(board(), (0, 0), 4))
    assert sharp["sharpness"] > 30 * soft["sharpness"] > 30 * softer["sharpness"]
    assert soft["brightness"] == pytest.approx(sharp["brightness"], abs=1)


@pytest.mark.parametrize(
    "region", [Box(-5, -5, 3, 3), Box(90, 90, 99, 99), Box(9.2, 9.2, 9.3, 9.3), Box(-9, 2, -4, 2)]
)
def test_a_region_at_the_edge_or_beyond_is_measured_at_its_nearest_pixels(region: Box) -> None:
    assert appearance(np.full((20, 20, 3), 70, np.uint8), region)["brightness"] == 70


def test_a_targets_properties_all_have_bands() -> None:
    frame = Frame(board(), 0, "clip", wall=13.5 * 3600, tags={"site": "harbour"})
    target = Target(0, 0, "stop", Box(8, 8, 24, 40), distance_m=12.0)
    found = measured(frame, target, timezone.utc)
    assert set(found) == set(BANDS) - {"light", "yaw"}
    assert found["size_px"] == pytest.approx(512**0.5)
    assert (found["hour"], found["distance_m"]) == (13.5, 12.0)
    assert len(slices_of(frame.tags, found)) == len(found) + 1


def test_what_is_not_known_is_left_out_and_a_classifiers_target_is_the_whole_frame() -> None:
    found = measured(Frame(board(), 0, "clip"), Target(0, 0, "stop"))
    assert set(found) == {"brightness", "contrast", "sharpness", "size_px"}
    assert found["size_px"] == 64
