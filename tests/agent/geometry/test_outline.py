"""The finder on signs whose place is known: drawn by the approach camera, or here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras.drive_by import DriveBy
from agent.geometry.outline import CONFIDENT, find_outline
from agent.geometry.plane import sign_plane
from agent.geometry.shapes import SHAPES, Shape, outline
from agent.values import Box, Pixels, Quad


def scene(shape: Shape, quad: Quad, seed: int = 0) -> Pixels:
    """A red sign with a pale border before a mottled background, 120 x 140."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(60, 140, (12, 14, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (140, 120), interpolation=cv2.INTER_CUBIC)
    plane = sign_plane(picture.shape, quad=quad, size_cm=1.0, face=shape)
    window = plane.window(picture.shape)
    view = window.of(picture)
    for scale, colour in ((1.0, (235, 235, 230)), (0.85, (170, 30, 40))):
        cover = plane.fill(outline(shape) * scale, window)[..., None] / 255
        view[:] = np.round(view * (1 - cover) + np.array(colour) * cover)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


def hull(width: float, slant: float = 0.0) -> Quad:
    """A hull of height 64 at (70, 60), narrowed and slanted as by yaw."""
    return (
        (70 - width / 2, 28 + slant),
        (70 + width / 2, 28 - slant),
        (70 + width / 2, 92 - slant),
        (70 - width / 2, 92 + slant),
    )


def corners(shape: Shape, quad: Quad) -> NDArray[np.float64]:
    return sign_plane((1, 1), quad=quad, size_cm=1.0, face=shape).project(outline(shape))


def around(shape: Shape, quad: Quad, grow: float = 0.0) -> Box:
    """The box of the visible shape, larger by a part of its size on all sides."""
    (x0, y0), (x1, y1) = corners(shape, quad).min(0), corners(shape, quad).max(0)
    dx, dy = grow * (x1 - x0), grow * (y1 - y0)
    return Box(x0 - dx, y0 - dy, x1 + dx, y1 + dy)


def error(shape: Shape, found: Quad, true: Quad) -> float:
    """How far the outline's corners are off in pixels, the farthest one."""
    off = corners(shape, found) - corners(shape, true)
    return float(np.linalg.norm(off, axis=1).max())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("grow", [-0.08, 0.0, 0.1])
def test_a_shape_is_found_and_named_from_a_loose_or_tight_box(shape: Shape, grow: float) -> None:
    true = hull(64)
    found = find_outline(scene(shape, true), around(shape, true, grow))
    assert found is not None
    assert found.shape == shape
    assert found.confidence >= CONFIDENT
    assert error(shape, found.quad, true) < 0.1 * 64


@pytest.mark.parametrize("shape", ["octagon", "square", "diamond"])
@pytest.mark.parametrize("slant", [-3.0, 3.0])
def test_a_turned_sign_is_found_where_its_box_is_not(shape: Shape, slant: float) -> None:
    true = hull(46, slant)
    box = around(shape, true)
    found = find_outline(scene(shape, true), box, (shape,))
    assert found is not None
    boxed: Quad = ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))
    assert error(shape, found.quad, true) < min(2.0, error(shape, boxed, true))


def test_the_outline_holds_with_a_fifth_of_the_rim_covered() -> None:
    true = hull(64)
    picture = scene("octagon", true)
    picture[70:100, 30:60] = (40, 70, 30)
    found = find_outline(picture, around("octagon", true, 0.05), ("octagon",))
    assert found is not None
    assert error("octagon", found.quad, true) < 2.5


@pytest.mark.parametrize("shape", [(16, 16, 3), (41, 33, 3), (480, 640, 3)])
def test_a_picture_without_an_edge_inspires_no_confidence(shape: tuple[int, int, int]) -> None:
    flat = np.full(shape, 120, np.uint8)
    found = find_outline(flat, Box(2, 2, 14, 14))
    assert found is not None
    assert found.confidence < CONFIDENT


def test_noise_inspires_no_confidence() -> None:
    chance = np.random.default_rng(3)
    sure = 0
    for _ in range(20):
        noise = cv2.GaussianBlur(chance.integers(0, 256, (120, 140, 3), np.uint8), (0, 0), 2)
        found = find_outline(noise, Box(38, 28, 102, 92))
        sure += found is not None and found.confidence >= CONFIDENT
    assert sure <= 1


def test_there_is_nothing_to_find_outside_the_picture_or_in_a_speck() -> None:
    flat = np.full((50, 50, 3), 120, np.uint8)
    assert find_outline(flat, Box(60, 60, 90, 90)) is None
    assert find_outline(flat, Box(10, 10, 12, 12)) is None
    assert find_outline(flat, Box(10, float("nan"), 20, 30)) is None


def test_a_classifiers_crop_needs_no_box() -> None:
    picture = scene("circle", hull(64))[22:98, 33:107]
    found = find_outline(picture, None)
    assert found is not None
    assert found.confidence >= CONFIDENT
    true: Quad = ((5.0, 6.0), (69.0, 6.0), (69.0, 70.0), (5.0, 70.0))
    assert error("circle", found.quad, true) < 4.0


@pytest.mark.parametrize("yaw", [0, 30, -45])
@pytest.mark.parametrize("metres", [10, 25])
def test_a_drawn_drives_sign_is_found_within_a_few_percent(yaw: int, metres: int) -> None:
    drive = DriveByParameters(yaw=yaw, distance=metres + 0.01, end=metres - 1, seed=4)
    frame = DriveBy(drive).read(0)
    assert frame.truth is not None
    (sign,) = frame.truth.objects
    assert sign.quad is not None
    found = find_outline(frame.pixels, sign.box, ("octagon",))
    assert found is not None
    assert found.confidence >= CONFIDENT
    off = np.linalg.norm(np.subtract(found.quad, sign.quad), axis=1).max()
    side = np.ptp(np.array(sign.quad)[:, 1])
    assert off < 0.09 * side


def test_the_same_pixels_give_the_same_outline_wherever_they_lie() -> None:
    true = hull(60, 2)
    picture = scene("octagon", true)
    first = find_outline(picture, around("octagon", true), ("octagon",))
    assert first == find_outline(picture.copy(), around("octagon", true), ("octagon",))
    wide = cv2.copyMakeBorder(picture, 40, 40, 30, 30, cv2.BORDER_REFLECT)
    box = Box(*np.add(around("octagon", true), (30, 40, 30, 40)))
    moved = find_outline(wide, box, ("octagon",))
    assert first is not None
    assert moved is not None
    assert np.allclose(np.add(first.quad, (30, 40)), moved.quad, atol=0.05)
