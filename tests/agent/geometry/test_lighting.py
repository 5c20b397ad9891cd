"""The light on a sign: levels, shading and sharpness, and layers put into it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.lighting import compose, measure_light
from agent.geometry.plane import sign_plane
from agent.geometry.sign_face import stop_face
from agent.values import Box, Pixels

BOX = Box(20, 20, 180, 180)


def sign(low: float = 0.0, high: float = 255.0) -> Pixels:
    face = stop_face(160).astype(float)
    pixels = np.full((200, 200, 3), 128.0)
    cover = face[..., 3:] / 255
    inner = pixels[20:180, 20:180]
    inner[:] = inner * (1 - cover) + (low + (high - low) * face[..., :3] / 255) * cover
    return pixels.astype(np.uint8)


def measured(pixels: Pixels):  # type: ignore[no-untyped-def]
    plane = sign_plane(pixels.shape, region=BOX)
    return measure_light(pixels, plane, plane.window(pixels.shape))


def test_white_is_the_legends_white_and_black_is_below_the_paint() -> None:
    light = measured(sign())
    np.testing.assert_allclose(light.white, (240, 240, 236), atol=12)
    assert light.black.max() < 35


def test_haze_lifts_black_and_dusk_lowers_white() -> None:
    hazy, dim = measured(sign(low=110)), measured(sign(high=90))
    assert hazy.black.min() > 80
    assert dim.white.max() < 100


def test_shading_follows_a_gradient_and_not_the_legend() -> None:
    even = measured(sign()).shading
    assert even[2:8, 2:8].std() < 0.06
    slope = np.linspace(1, 0.5, 200)[None, :, None]
    shaded = measured((sign() * slope).astype(np.uint8)).shading
    assert shaded[5, 2] > 1.15 * shaded[5, 7]


@pytest.mark.parametrize("sigma", [0.8, 1.0, 2.0])
def test_blur_is_measured_on_the_signs_edges(sigma: float) -> None:
    soft = cv2.GaussianBlur(sign(), (0, 0), sigma)
    assert measured(np.asarray(soft, np.uint8)).blur_px == pytest.approx(sigma, rel=0.15)


def test_a_picture_without_edges_counts_as_sharp() -> None:
    assert measured(np.full((200, 200, 3), 100, np.uint8)).blur_px == 0.5


def test_composing_changes_only_what_the_layer_covers() -> None:
    pixels = sign()
    plane = sign_plane(pixels.shape, region=BOX)
    window = plane.window(pixels.shape)
    layer = np.zeros((window.height, window.width, 4), np.float32)
    layer[60:80, 60:80] = (0.92, 0.92, 0.92, 1)
    light = measure_light(pixels, plane, window)
    result = compose(pixels, window, layer, light, shaded=False)
    np.testing.assert_allclose(result[88, 88], light.white, atol=6)
    np.testing.assert_array_equal(result[:70], pixels[:70])
