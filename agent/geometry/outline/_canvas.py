"""The part of a picture about a box, drawn to a common size, and the edges in it."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.outline._templates import CANVAS, INNER, ORIENTATIONS
from agent.values import Box, Pixels

_LEAST: Final = 40  # side of the box on the canvas in pixels
_MOST: Final = 112
_FAINT: Final = (3.0, 14.0)  # bounds of the edge that counts half, grey levels a pixel


class Canvas(NamedTuple):
    """``pixels`` float32 (S, S, 3), the box in the middle ``inner`` pixels wide and high;"""

    pixels: NDArray[np.float32]
    inner: float
    blur: float
    box: Box
    faint: float

    def to_picture(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels of the picture from boxes about the box's middle, (..., 2)."""
        size = np.array((self.box.width, self.box.height))
        return np.asarray(points * size + self.box.centre)


def canvas(pixels: Pixels, box: Box) -> Canvas:
    """Draw the surroundings of a box, which is stretched to a square."""
    larger = max(box.width, box.height)
    inner = float(np.clip(larger, _LEAST, _MOST))
    side = round(inner / INNER)
    source, x0, y0 = _window(pixels, box)
    shrink = max(int(larger / inner), 1)
    if shrink > 1:
        size = (max(source.shape[1] // shrink, 1), max(source.shape[0] // shrink, 1))
        small = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    else:
        small = source
    fx, fy = small.shape[1] / source.shape[1], small.shape[0] / source.shape[0]
    sx, sy = inner / box.width, inner / box.height
    cx, cy = box.centre
    # Continuous coordinates: canvas = (picture - centre) * scale + side / 2, picture = small / f.
    matrix = np.array(
        [
            [sx / fx, 0.0, (x0 - cx) * sx + side / 2],
            [0.0, sy / fy, (y0 - cy) * sy + side / 2],
        ]
    )
    matrix[:, 2] += 0.5 * matrix[:, :2].sum(1) - 0.5
    drawn = cv2.warpAffine(
        small, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    smooth = cv2.GaussianBlur(drawn, (0, 0), 0.8)
    blur = max(sx, sy, 1.0)
    light = smooth.astype(np.float32)
    return Canvas(light, inner, blur, box, _faint(light))


def edge_maps(drawn: Canvas) -> NDArray[np.float32]:
    """How much an edge across each direction there is, 0..1, flat (ORIENTATIONS * S * S,)."""
    small = cv2.resize(drawn.pixels, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA)
    gx = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=0.125)
    gy = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=0.125)
    along = ((gx - gy) * (gx + gy)).sum(2)
    across = 2 * (gx * gy).sum(2)
    angle = np.pi * np.arange(ORIENTATIONS, dtype=np.float32) / ORIENTATIONS
    turned = np.cos(2 * angle)[:, None, None] * along + np.sin(2 * angle)[:, None, None] * across
    strength = np.sqrt(np.maximum(turned, 0))
    strength /= strength + drawn.faint * drawn.pixels.shape[0] / CANVAS / 2
    kernel = np.ones((3, 3), np.uint8)
    return np.concatenate([cv2.dilate(layer, kernel).ravel() for layer in strength])


def _window(pixels: Pixels, box: Box) -> tuple[Pixels, int, int]:
    """The pixels within reach of a box (at least one), and where they begin."""
    reach_x, reach_y = 0.32 * box.width + 2, 0.32 * box.height + 2
    height, width = pixels.shape[:2]
    x0 = int(np.clip(np.floor(box.x0 - reach_x), 0, width - 1))
    y0 = int(np.clip(np.floor(box.y0 - reach_y), 0, height - 1))
    x1 = int(np.clip(np.ceil(box.x1 + reach_x), x0 + 1, width))
    y1 = int(np.clip(np.ceil(box.y1 + reach_y), y0 + 1, height))
    return pixels[y0:y1, x0:x1], x0, y0


def _faint(light: NDArray[np.float32]) -> float:
    """Half of what the stronger edges have: a dark picture's are as good as a bright one's."""
    step = max(light.shape[0] // 40, 1)
    change = np.abs(np.diff(light[::step, ::step], axis=0)).max(2).ravel() / step
    strong = float(np.partition(change, int(0.9 * change.size))[int(0.9 * change.size)])
    return float(np.clip(0.5 * strong, *_FAINT))
