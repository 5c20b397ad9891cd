"""From a frame's pixels to the model's input tensor, and from its boxes back to the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.card import InputCard
from agent.errors import ModelError
from agent.models._graph import Tensor
from agent.values import Pixels

_FEWEST_LEVELS: Final = 16  # an input that tells fewer shades apart sees next to nothing
_TYPES: Final = ("uint8", "int8", "float32", "float16")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the input's pixels lie in the frame: frame = input * scale + offset.

    ``width`` and ``height`` are the frame's, in pixels.
    """

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float
    width: int
    height: int

    def to_frame(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) left, top, right, bottom in input pixels -> frame pixels, clipped to it."""
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        offset = np.array([self.offset_x, self.offset_y] * 2, np.float32)
        limit = np.array([self.width, self.height] * 2, np.float32)
        return np.clip(boxes * scale + offset, 0, limit)


class Preprocessor:
    """Resizes, recolours and scales as the card says, for one input tensor.

    What becomes of a byte is worked out once for all 256 of them: a quantised value, and a float
    as well, is a function of the byte alone, so the look-up is exact.
    Resizing is bilinear (OpenCV's INTER_LINEAR), as the common training pipelines do it: averaging
    (INTER_AREA) gives a smoother picture than they saw, and cost a YOLOv5n 4 of 41 stop signs.
    """

    def __init__(self, card: InputCard, tensor: Tensor) -> None:
        """Raises ``ModelError`` where card and input do not fit each other."""
        self.card = card
        self.tensor = tensor
        self.height, self.width, self.channels, self._planar = picture_shape(tensor)
        wanted = 1 if card.colour == "gray" else 3
        if self.channels != wanted:
            raise ModelError(
                f'The card says colour = "{card.colour}" ({wanted} channels), the model\'s input '
                f"takes {self.channels}.",
                remedy=f"Set colour to {'gray' if self.channels == 1 else 'rgb or bgr'}.",
            )
        self.table = byte_table(card, tensor)
        self._identity = bool(
            self.table.dtype == np.uint8 and np.array_equal(self.table, np.arange(256))
        )

    def __call__(self, pixels: Pixels) -> tuple[NDArray[Any], Placement]:
        """The tensor for one uint8 RGB frame (H, W, 3), and where it lies in the frame."""
        picture, placement = self._resize(pixels)
        if self.card.colour == "bgr":
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        elif self.card.colour == "gray":
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            if self.card.equalise:
                picture = cv2.equalizeHist(picture)
        values = picture if self._identity else self._look_up(picture)
        if self._planar:
            values = np.moveaxis(values.reshape(self.height, self.width, -1), 2, 0)
        return np.ascontiguousarray(values).reshape(self.tensor.shape), placement

    def _look_up(self, picture: Any) -> Any:
        """The table's values; OpenCV is the faster, but knows no float16."""
        if self.table.dtype == np.float16:
            return self.table[picture]
        return cv2.LUT(picture, self.table)

    def _resize(self, pixels: Pixels) -> tuple[Any, Placement]:
        height, width = pixels.shape[:2]
        if self.card.resize == "letterbox":
            return self._letterbox(pixels)
        left, top, across, down = 0, 0, width, height
        if self.card.resize == "crop":
            left, top, across, down = self._window(width, height)
        picture = _bilinear(pixels[top : top + down, left : left + across], self.width, self.height)
        scales = across / self.width, down / self.height
        return picture, Placement(*scales, left, top, width, height)

    def _window(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The largest centred window of the input's aspect: left, top, width, height."""
        scale = min(width / self.width, height / self.height)
        inner_width = max(1, min(width, round(self.width * scale)))
        inner_height = max(1, min(height, round(self.height * scale)))
        return (width - inner_width) // 2, (height - inner_height) // 2, inner_width, inner_height

    def _letterbox(self, pixels: Pixels) -> tuple[Any, Placement]:
        height, width = pixels.shape[:2]
        ratio = min(self.width / width, self.height / height)
        inner_width = max(1, round(width * ratio))
        inner_height = max(1, round(height * ratio))
        left, top = (self.width - inner_width) // 2, (self.height - inner_height) // 2
        picture = np.full((self.height, self.width, 3), self.card.pad, np.uint8)
        picture[top : top + inner_height, left : left + inner_width] = _bilinear(
            pixels, inner_width, inner_height
        )
        scale_x, scale_y = width / inner_width, height / inner_height
        return picture, Placement(scale_x, scale_y, -left * scale_x, -top * scale_y, width, height)


def picture_shape(tensor: Tensor) -> tuple[int, int, int, bool]:
    """Height, width, channels of a picture input, and whether channels come first.

    Raises ``ModelError`` for an input that is no picture of fixed size.
    """
    shape = tensor.shape
    if len(shape) == 4 and shape[0] == 1 and tensor.dtype in _TYPES:
        planar = shape[3] not in (1, 3) and shape[1] in (1, 3)
        channels, height, width = shape[1:] if planar else (shape[3], *shape[1:3])
        if channels in (1, 3) and min(height, width) > 1:
            return height, width, channels, planar
    raise ModelError(
        f"The model's input {tensor} is no picture: expected is [1, height, width, 1 or 3] "
        f"of {', '.join(_TYPES)}.",
        remedy="Export the model for one picture of a fixed size.",
    )


def byte_table(card: InputCard, tensor: Tensor) -> NDArray[Any]:
    """What each of the 256 bytes becomes in the input, shape (256,), of the input's type.

    Raises ``ModelError`` where the file's quantisation leaves next to nothing of the scale.
    """
    byte = np.arange(256)
    if tensor.dtype.startswith("float"):
        return _scaled(byte, card).astype(tensor.dtype)
    shift = 128 if tensor.dtype == "int8" else 0
    if card.scale == "raw" or not tensor.quantised:
        return (byte - shift).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    levels = np.round(_scaled(byte, card) / tensor.scale) + tensor.zero_point
    table: NDArray[Any] = np.clip(levels, limits.min, limits.max).astype(tensor.dtype)
    if len(np.unique(table)) < _FEWEST_LEVELS:
        raise ModelError(
            f'With scale = "{card.scale}" the input\'s quantisation (scale {tensor.scale:g}, zero '
            f"point {tensor.zero_point}) leaves only {len(np.unique(table))} shades.",
            remedy='Set scale = "raw" in the card.',
        )
    return table


def _scaled(byte: NDArray[np.int64], card: InputCard) -> NDArray[np.float64]:
    real = byte.astype(np.float64)
    if card.scale == "unit":
        real = real / 255
    elif card.scale == "signed":
        real = real / 127.5 - 1
    return np.asarray(real, np.float64)


def _bilinear(pixels: Pixels, width: int, height: int) -> Any:
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
