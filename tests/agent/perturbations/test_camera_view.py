"""What a road camera is taken to see."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations._camera_view import daylight, is_crop, scene_depth_m, target_distance_m
from agent.values import Box


def scene(value: int = 60, sky: int = 220) -> np.ndarray:
    pixels = np.full((240, 320, 3), value, np.uint8)
    pixels[:100] = sky
    return pixels


def test_a_flat_road_lies_where_similar_triangles_put_it() -> None:
    depth = scene_depth_m(scene(), 1, 220)
    for row in (150, 180, 220):
        assert depth[row, 160] == pytest.approx(640 * 1.4 / (row + 0.5 - 120), rel=0.01)


def test_what_is_bright_above_the_horizon_is_farther_than_what_is_dark_there() -> None:
    depth = scene_depth_m(scene(sky=220), 4, 220)
    dark = scene_depth_m(scene(sky=60), 4, 220)
    assert (depth[:20] > 2 * dark[:20]).all()


def test_depth_has_no_jump_where_the_picture_has_none() -> None:
    depth = scene_depth_m(np.full((240, 320, 3), 60, np.uint8), 2, 220)
    near = 1 / depth
    assert np.abs(np.diff(near, axis=0)).max() < 0.004
    assert np.abs(np.diff(near, axis=1)).max() < 0.004


def test_daylight_is_the_bright_parts_and_stays_in_bounds() -> None:
    assert daylight(scene(sky=200)) == pytest.approx(194)
    assert daylight(np.zeros((40, 40, 3), np.uint8)) == 12
    assert daylight(np.full((40, 40, 3), 255, np.uint8)) == 225


def test_a_signs_size_tells_its_distance() -> None:
    box = Box(100, 100, 132, 132)
    distance = target_distance_m((480, 640), Moment(region=box, size_cm=76.2))
    assert distance == pytest.approx(640 * 0.762 / 32)


@pytest.mark.parametrize(
    ("shape", "crop"),
    [((32, 32, 3), True), ((224, 224, 3), True), ((240, 320, 3), False), ((300, 300, 3), False)],
)
def test_what_a_classifier_takes_is_a_crop_and_a_cameras_picture_is_not(
    shape: tuple[int, ...], crop: bool
) -> None:
    assert is_crop(shape) == crop
