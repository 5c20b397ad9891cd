"""Distortion: a lens that bends straight lines, and bends red more than blue."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.values import Pixels

_STILL: Final = 0.5  # squared distance, in half diagonals, of the circle that stays where it is
_WHOLE_PX: Final = 400_000  # with three maps of 6 bytes a pixel, 7 MB
_TURNS: Final = {None: (1, 1), 1: (1, 0), 0: (0, 1), -1: (0, 0)}
"""How a picture is flipped that a quarter comes to the upper left, and whether that quarter was
above, and left."""


class Distortion(Perturbation):
    """Barrel distortion with colour fringes, both none in the middle and worst at the corners.

    The first radial coefficient of Brown and Conrady, from the bent picture to the true one (Brown,
    Photogrammetric Engineering, 1966): at r half diagonals is seen what belongs at
    r (1 + k (r^2 - 1/2)); the half keeps the circle at .71 in place, as a maker does by the focal
    length. Severity is how far the corner's part of the scene moves inwards, from 0 to
    ``most_percent`` of the half diagonal (4 %: 6 px at 224 x 224, 16 px at 640 x 480); negative
    is a pincushion. Red is drawn ``fringe_percent`` larger and blue as much smaller at full
    severity, the lateral colour of a plain lens (.1 %: .4 px at the corner of 640 x 480). What
    comes from outside the picture is mirrored.

    Known boxes are not moved: within the circle a target moves by at most 1.1 % of the half
    diagonal at full severity (1.7 px at 224 x 224, 4.4 px at 640 x 480), at the middle of a 640
    wide picture's side edge by .9 % (3.6 px), only in the corners by more.
    """

    seeded: ClassVar[bool] = False

    most_percent: float = Field(4.0, ge=-15, le=15)
    fringe_percent: float = Field(0.1, ge=0, le=2)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        bend = severity * self.most_percent / 100 / (1 - _STILL)
        fringe = severity * self.fringe_percent / 100
        shown = [
            _seen_through(np.asarray(channel, np.uint8), bend, wider * fringe)
            for channel, wider in zip(cv2.split(pixels), (1, 0, -1), strict=True)
        ]
        return np.asarray(cv2.merge(shown), np.uint8)

    def describe(self, severity: float) -> str:
        percent, fringe = severity * self.most_percent, severity * self.fringe_percent
        return f"corner moved {percent:.1f} % of the half diagonal, colours {fringe:.2f} % apart"


def _seen_through(channel: NDArray[np.uint8], bend: float, wider: float) -> NDArray[np.uint8]:
    """A channel (H, W) as the lens shows it.

    The maps of a large picture would take more room than all kept layers may. The lens is alike on
    all sides of its axis, so that a quarter serves for four, each turned to the upper left.
    """
    height, width = channel.shape
    if height * width <= _WHOLE_PX:
        return _looked_up(channel, _maps((height, width), bend, wider, 1))
    maps = _maps((height, width), bend, wider, 2)
    out = np.empty_like(channel)
    for turn, place in _TURNS.items():
        turned = channel if turn is None else np.asarray(cv2.flip(channel, turn), np.uint8)
        part = _looked_up(turned, maps)
        high, wide = part.shape
        rows = slice(0, high) if place[0] else slice(height - high, height)
        columns = slice(0, wide) if place[1] else slice(width - wide, width)
        out[rows, columns] = part if turn is None else cv2.flip(part, turn)
    return out


def _looked_up(
    channel: NDArray[np.uint8], maps: tuple[NDArray[np.int16], NDArray[np.uint16]]
) -> NDArray[np.uint8]:
    whole, part = maps
    how, beyond = cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101
    return np.asarray(cv2.remap(channel, whole, part, how, borderMode=beyond), np.uint8)


@kept
def _maps(
    shape: tuple[int, int], bend: float, wider: float, parts: int
) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Where each pixel looks, in 1/32 px: whole part (h, w, 2) and packed fraction (h, w).

    Of the whole picture, or with 2 ``parts`` each way of its upper left quarter.
    """
    high, wide = (-(-side // parts) for side in shape)
    columns, rows = (full[:high, :wide] for full in looked_at(shape, bend, wider))
    whole, part = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
    return np.asarray(whole, np.int16), np.asarray(part, np.uint16)


def looked_at(
    shape: tuple[int, int], bend: float, wider: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Columns and rows (H, W) of the undistorted picture that each pixel shows."""
    half = np.hypot(*shape) / 2
    down = (np.arange(shape[0]) + 0.5 - shape[0] / 2)[:, None]
    across = (np.arange(shape[1]) + 0.5 - shape[1] / 2)[None]
    square = (down**2 + across**2) / half**2
    scale = 1 + bend * (square - _STILL) - wider
    columns = across * scale + (shape[1] / 2 - 0.5)
    rows = down * scale + (shape[0] / 2 - 0.5)
    return columns.astype(np.float32), rows.astype(np.float32)
