"""The light on a sign: levels, shading and sharpness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.light import measure_light
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


@pytest.mark.parametrize("side", [40, 300])
def test_levels_hold_for_small_signs_and_large_ones(side: int) -> None:
    pixels = cv2.resize(sign(), (side, side), interpolation=cv2.INTER_AREA)
    plane = sign_plane(pixels.shape, region=Box(*(place * side / 200 for place in BOX)))
    light = measure_light(np.asarray(pixels, np.uint8), plane)
    np.testing.assert_allclose(light.white, (240, 240, 236), atol=25)
    assert light.shading[2:6, 2:6].std() < 0.08


def test_a_sign_that_the_picture_cuts_off_is_measured_on_what_is_there() -> None:
    plane = sign_plane((200, 200, 3), region=Box(-60, 20, 100, 180))
    light = measure_light(np.ascontiguousarray(np.roll(sign(), -80, 1)), plane)
    np.testing.assert_allclose(light.white, (240, 240, 236), atol=25)


def test_far_away_the_paint_does_not_tint_the_white() -> None:
    """At 14 px the legend is pink; light of that colour would make leaves brown."""
    pixels = np.asarray(cv2.resize(sign(), (18, 18), interpolation=cv2.INTER_AREA), np.uint8)
    light = measure_light(pixels, sign_plane(pixels.shape, region=Box(1.8, 1.8, 16.2, 16.2)))
    assert light.white.min() > 0.75 * light.white.max()


def test_a_read_only_frame_is_measured_once_for_each_sign_and_a_writable_picture_anew() -> None:
    pixels = np.full((80, 80, 3), 90, np.uint8)
    pixels[20:60, 20:60] = (180, 40, 50)
    one = sign_plane(pixels.shape, region=Box(20, 20, 60, 60))
    other = sign_plane(pixels.shape, region=Box(10, 10, 40, 40))
    assert measure_light(pixels, one) is not measure_light(pixels, one)
    frame = pixels.copy()
    frame.flags.writeable = False
    first = measure_light(frame, one)
    assert measure_light(frame, other) is not first
    assert measure_light(frame, one) is first
    np.testing.assert_array_equal(first.white, measure_light(pixels, one).white)


def test_a_view_of_what_can_still_be_written_to_is_measured_anew() -> None:
    pixels = sign()
    plane = sign_plane(pixels.shape, region=BOX)
    view = pixels.view()
    view.flags.writeable = False
    before = measure_light(view, plane)
    pixels //= 2
    assert measure_light(view, plane).white[1] < 0.7 * before.white[1]
    assert not before.white.flags.writeable
    assert not before.shading.flags.writeable
