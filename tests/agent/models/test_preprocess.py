from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.card import InputCard
from agent.errors import ModelError
from agent.models._graph import Tensor
from agent.models._preprocess import Placement, Preprocessor, byte_table

BYTES = np.arange(256)


def u8(scale: float, zero_point: int, shape: tuple[int, ...] = (1, 2, 2, 3)) -> Tensor:
    return Tensor("picture", shape, "uint8", scale, zero_point)


def f32(shape: tuple[int, ...] = (1, 2, 2, 3)) -> Tensor:
    return Tensor("picture", shape, "float32")


def card(**given: Any) -> InputCard:
    return InputCard.model_validate(given)


@pytest.mark.parametrize("quantisation", [(1.0, 0), (1 / 128, 128), (0.0, 0)])
def test_raw_bytes_go_into_an_uint8_input_as_they_are(quantisation: tuple[float, int]) -> None:
    assert np.array_equal(byte_table(card(scale="raw"), u8(*quantisation)), BYTES)


def test_raw_bytes_go_into_an_int8_input_less_128() -> None:
    tensor = Tensor("picture", (1, 2, 2, 3), "int8", 1 / 255, -128)
    assert np.array_equal(byte_table(card(scale="raw"), tensor), BYTES - 128)
    assert np.array_equal(byte_table(card(scale="unit"), tensor), BYTES - 128)


def test_a_scale_follows_the_files_own_quantisation() -> None:
    tensor = Tensor("picture", (1, 2, 2, 3), "int8", 0.01866, -14)
    table = byte_table(card(scale="unit"), tensor)
    # 0 -> -14; 255 -> round(1 / 0.01866) - 14 = 54 - 14; 128 -> round(0.50196 / 0.01866) - 14.
    assert (table[0], table[128], table[255]) == (-14, 13, 40)


@pytest.mark.parametrize(
    ("scale", "low", "high"), [("raw", 0, 255), ("unit", 0, 1), ("signed", -1, 1)]
)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_floats_are_scaled_as_the_card_says(
    scale: str, low: float, high: float, dtype: str
) -> None:
    table = byte_table(card(scale=scale), Tensor("picture", (1, 2, 2, 3), dtype))
    assert table.dtype == dtype
    assert (table[0], table[255]) == (low, high)
    assert np.all(np.diff(table.astype(float)) > 0)


def test_a_scale_of_which_the_quantisation_leaves_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="leaves only 2 shades"):
        byte_table(card(scale="unit"), u8(1.0, 0))


def test_colours_come_in_the_cards_order() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[..., 0] = 200
    rgb, _ = Preprocessor(card(colour="rgb"), u8(1, 0))(pixels)
    bgr, _ = Preprocessor(card(colour="bgr"), u8(1, 0))(pixels)
    assert rgb[0, 0, 0].tolist() == [200, 0, 0]
    assert bgr[0, 0, 0].tolist() == [0, 0, 200]


def test_gray_is_the_luminance_and_equalise_spreads_it() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2] = (100, 100, 100)
    pixels[2:] = (110, 110, 110)
    shape = (1, 4, 4, 1)
    plain, _ = Preprocessor(card(colour="gray"), u8(1, 0, shape))(pixels)
    spread, _ = Preprocessor(card(colour="gray", equalise=True), u8(1, 0, shape))(pixels)
    assert plain.shape == shape
    assert set(plain.ravel().tolist()) == {100, 110}
    assert set(spread.ravel().tolist()) == {0, 255}


def test_channels_may_come_first() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 2] = 9
    tensor, _ = Preprocessor(card(), u8(1, 0, (1, 3, 4, 4)))(pixels)
    assert tensor.shape == (1, 3, 4, 4)
    assert tensor[0, 2].min() == 9
    assert tensor[0, :2].max() == 0


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8"])
@pytest.mark.parametrize("resize", ["stretch", "letterbox", "crop"])
def test_every_input_type_gets_what_the_table_says(dtype: str, resize: str) -> None:
    tensor = Tensor("picture", (1, 8, 6, 3), dtype)
    preprocess = Preprocessor(card(resize=resize, scale="raw", pad=77), tensor)
    picture, _ = preprocess(np.full((31, 17, 3), 77, np.uint8))
    assert picture.dtype == dtype
    assert picture.shape == (1, 8, 6, 3)
    assert np.all(picture == preprocess.table[77])


def test_the_frame_is_left_as_it_was() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 2, 3)).astype(np.uint8)
    before = pixels.copy()
    pixels.flags.writeable = False
    Preprocessor(card(), u8(1, 0))(pixels)
    assert np.array_equal(pixels, before)


def test_a_letterbox_keeps_the_aspect_and_pads_the_rest() -> None:
    pixels = np.full((50, 100, 3), 200, np.uint8)
    picture, placement = Preprocessor(card(resize="letterbox"), u8(1, 0, (1, 40, 40, 3)))(pixels)
    assert np.all(picture[0, :10] == 114)
    assert np.all(picture[0, 10:30] == 200)
    assert np.all(picture[0, 30:] == 114)
    assert placement == Placement(2.5, 2.5, 0, -25, 100, 50)


def test_a_crop_takes_the_centre() -> None:
    pixels = np.zeros((50, 100, 3), np.uint8)
    pixels[:, 25:75] = 200
    picture, placement = Preprocessor(card(resize="crop"), u8(1, 0, (1, 10, 10, 3)))(pixels)
    assert np.all(picture == 200)
    assert placement == Placement(5, 5, 25, 0, 100, 50)


@pytest.mark.parametrize(
    ("tensor", "given", "said"),
    [
        (f32((1, 8, 8, 1)), "rgb", "takes 1"),
        (f32((1, 8, 8, 3)), "gray", "takes 3"),
        (f32((1, 8)), "rgb", "no picture"),
        (f32((4, 8, 8, 3)), "rgb", "no picture"),
        (f32((1, 1, 1, 3)), "rgb", "no picture"),
        (Tensor("picture", (1, 8, 8, 3), "int32"), "rgb", "no picture"),
    ],
)
def test_an_input_that_is_not_the_cards_is_refused(tensor: Tensor, given: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Preprocessor(card(colour=given), tensor)


sides = st.integers(2, 700)


@settings(max_examples=60, deadline=None)
@given(sides, sides, sides, sides, st.sampled_from(["stretch", "letterbox", "crop"]))
def test_what_lies_at_a_place_in_the_frame_is_mapped_back_to_it(
    width: int, height: int, input_width: int, input_height: int, resize: str
) -> None:
    tensor = u8(1, 0, (1, input_height, input_width, 3))
    _, placement = Preprocessor(card(resize=resize), tensor)(np.zeros((height, width, 3), np.uint8))
    frame = np.array([0.3 * width, 0.4 * height, 0.6 * width, 0.7 * height])
    scale = np.array([placement.scale_x, placement.scale_y] * 2)
    offset = np.array([placement.offset_x, placement.offset_y] * 2)
    there = ((frame - offset) / scale).astype(np.float32)[None]
    assert np.allclose(placement.to_frame(there)[0], frame, atol=0.05)
    whole = np.array([[-1e6, -1e6, 1e6, 1e6]], np.float32)
    assert placement.to_frame(whole)[0].tolist() == [0, 0, width, height]
    corners = placement.to_frame(np.array([[0, 0, input_width, input_height]], np.float32))[0]
    if resize != "crop":
        assert np.allclose(corners, [0, 0, width, height], atol=0.05)
    else:
        assert corners[0] + corners[2] == pytest.approx(width, abs=1.01)
        assert corners[1] + corners[3] == pytest.approx(height, abs=1.01)
