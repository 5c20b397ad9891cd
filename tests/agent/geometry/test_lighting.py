"""Layers and tones on a sign: what they cover, what light they get, and what they leave alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.geometry.lighting import Light, change, lay, put
from agent.geometry.plane import Plane, sign_plane
from agent.geometry.sign_face import stop_face
from agent.values import Box, Pixels

BOX = Box(20, 20, 180, 180)
TILTED = ((30.0, 20.0), (150.0, 40.0), (150.0, 160.0), (30.0, 180.0))


def sign() -> Pixels:
    face = stop_face(160)
    pixels = np.full((200, 200, 3), 128, np.uint8)
    pixels[20:180, 20:180][face[..., 3] > 127] = face[..., :3][face[..., 3] > 127]
    return pixels


def patch(side: int = 160) -> NDArray[np.uint8]:
    """White paper on the upper half of the hull's middle."""
    layer = np.zeros((side, side, 4), np.uint8)
    layer[side // 4 : side // 2, side // 4 : 3 * side // 4] = (235, 235, 235, 255)
    return layer


def even(plane: Plane, veil: float = 0.0, blur_px: float = 0.5) -> Light:
    level = np.full(3, veil, np.float32)
    shading = np.ones((8, 8), np.float32)
    return Light(plane, level, np.array((200, 180, 160), np.float32), shading, blur_px)


@pytest.mark.parametrize("where", [{"region": BOX}, {"quad": TILTED}], ids=["box", "quad"])
def test_paper_on_the_sign_becomes_the_signs_white_where_it_lies(where: dict[str, object]) -> None:
    plane = sign_plane((200, 200, 3), **where)  # type: ignore[arg-type]
    result = lay(sign(), plane, patch(), light=even(plane))
    x, y = plane.project(np.array([(0.0, -9.0)]))[0].astype(int)
    np.testing.assert_allclose(result[y, x], (200, 180, 160), atol=2)
    changed = (result != sign()).any(2)
    x, y = plane.project(np.array([(0.0, 9.0)]))[0].astype(int)
    assert not changed[y : y + 40].any()


def test_a_veil_lies_over_what_is_dark() -> None:
    plane = sign_plane((200, 200, 3), region=BOX)
    black = patch()
    black[..., :3] = 0
    result = lay(sign(), plane, black, light=even(plane, veil=70))
    np.testing.assert_allclose(result[80, 100], (70, 70, 70), atol=1)


def test_a_layer_is_as_shaded_as_its_sign() -> None:
    slope = np.linspace(1, 0.5, 200)[None, :, None]
    pixels = (sign() * slope).astype(np.uint8)
    plane = sign_plane(pixels.shape, region=BOX)
    result = lay(pixels, plane, patch())
    ratio = result[80, 70].astype(float) / result[80, 130]
    assert ratio.min() > 1.12
    flat = lay(pixels, plane, patch(), shaded=False)
    assert abs(int(flat[80, 70, 1]) - int(flat[80, 130, 1])) <= 1


def test_a_layer_is_as_soft_as_the_picture() -> None:
    plane = sign_plane((200, 200, 3), region=BOX)
    sharp, soft = (lay(sign(), plane, patch(), light=even(plane, blur_px=px)) for px in (0.5, 2))
    row = slice(90, 110)
    steps = [np.abs(np.diff(one[row, 100].astype(int), axis=0)).max() for one in (sharp, soft)]
    assert steps[1] < 0.5 * steps[0]


def test_laying_is_exact_to_a_level_against_the_same_in_floats() -> None:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (90, 90, 3), np.uint8)
    plane = sign_plane(pixels.shape, region=Box(10, 10, 80, 80))
    window = plane.window(pixels.shape)
    cover = chance.integers(0, 256, (window.height, window.width, 1))
    colour = chance.integers(0, 256, (window.height, window.width, 3)) * cover // 255
    layer = np.dstack([colour, cover]).astype(np.uint8)
    light = even(plane, veil=30)
    part = cover / 255
    gain = (light.white - light.black) / 0.92 / 255
    wanted = window.of(pixels) * (1 - part) + colour * gain + 30 * part
    found = window.of(put(pixels, window, layer, light, shaded=False)).astype(float)
    assert np.sqrt(np.mean((found - np.clip(wanted, 0, 255)) ** 2)) < 1


def test_a_tone_changes_the_covered_part_by_its_share_and_nothing_else() -> None:
    pixels = sign()
    plane = sign_plane(pixels.shape, region=BOX)
    cover = np.zeros((160, 160), np.uint8)
    cover[40:80, 40:120] = 102
    result = change(pixels, plane, cover, lambda view: np.full_like(view, 255))
    wanted = pixels[80, 100] * 0.6 + 255 * 0.4
    np.testing.assert_allclose(result[80, 100], wanted, atol=1.5)
    np.testing.assert_array_equal(result[105:], pixels[105:])
    assert not np.shares_memory(result, pixels)


@pytest.mark.parametrize(
    "region",
    [Box(60, 60, 68, 67), Box(-50, -50, 10, 10), Box(-500, -400, 900, 800), Box(50, 50, 50, 50)],
    ids=["8 px", "cut off", "larger than the picture", "a point"],
)
def test_odd_signs_pass(region: Box) -> None:
    pixels = cv2.resize(sign(), (120, 121))
    plane = sign_plane(pixels.shape, region=region)
    result = lay(pixels, plane, patch(plane.layer_side()))
    assert result.shape == pixels.shape
    window = plane.window(pixels.shape)
    outside = np.ones(pixels.shape[:2], bool)
    outside[window.y0 : window.y1, window.x0 : window.x1] = False
    np.testing.assert_array_equal(result[outside], pixels[outside])


def test_a_sign_outside_the_picture_leaves_it_as_it_is() -> None:
    pixels = sign()
    plane = sign_plane(pixels.shape, region=Box(400, 0, 460, 60))
    np.testing.assert_array_equal(lay(pixels, plane, patch()), pixels)
