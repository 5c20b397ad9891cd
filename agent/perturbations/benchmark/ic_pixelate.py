"""ImageNet-C's pixelate: fewer, larger pixels."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, REFERENCE_PX, Corruption, at_level
from agent.values import Pixels

_SCALE: Final = (0.6, 0.5, 0.4, 0.3, 0.25)

Picked = NDArray[np.int64]


class IcPixelate(Corruption):
    """Pixelate of ImageNet-C: shrunk by a box filter, grown back by the nearest pixel.

    The shorter and longer side shrink to .6, .5, .4, .3 or .25. As in the standard's image
    library, a large pixel is the plain mean of those whole pixels whose centres it covers. With
    ``scaled`` a large pixel is as large a part of the picture as it is of one of 224 px.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        height, width = pixels.shape[:2]
        scale = self._scale(severity, pixels.shape)
        few = (max(int(height * scale), 1), max(int(width * scale), 1))
        if severity <= 0 or few == (height, width):
            return pixels.copy()
        # Rows are copied whole, so both directions are done on rows, transposed in between.
        sums = _summed(pixels, height, few[0])
        sums = _summed(np.asarray(cv2.transpose(sums), np.uint16), width, few[1])
        means = cv2.multiply(sums, _weights(height, few[0], width, few[1]), dtype=cv2.CV_8U)
        wide = cv2.transpose(np.take(means, _nearest(width, few[1]), axis=0))
        return np.asarray(np.take(wide, _nearest(height, few[0]), axis=0), np.uint8)

    def describe(self, severity: float) -> str:
        scale = at_level(_SCALE, severity, 1.0)
        return f"level {LEVELS * severity:.1f}: pixels of {1 / scale:.2f} px"

    def _scale(self, severity: float, shape: tuple[int, ...]) -> float:
        scale = at_level(_SCALE, severity, 1.0)
        return min(scale * REFERENCE_PX / min(shape[:2]), 1.0) if self.scaled else scale


def _summed(
    rows: NDArray[np.uint8] | NDArray[np.uint16], count: int, few: int
) -> NDArray[np.uint16]:
    """Sums (few, ...) of the ``count`` rows that fall to each of ``few``."""
    always, sometimes, index = _covered(count, few)
    total = np.take(rows, always[0], axis=0)
    if total.dtype == np.uint8:
        total = total.astype(np.uint16)
    for pick in always[1:]:
        total += np.take(rows, pick, axis=0)
    if sometimes.size:
        total[index] += np.take(rows, sometimes, axis=0)
    return np.asarray(total, np.uint16)


@kept
def _covered(count: int, few: int) -> tuple[Picked, Picked, Picked]:
    """Which of ``count`` rows fall to each of ``few``: the (n, few) that all have, one more for
    some, and who these are."""
    first, past = _bounds(count, few)
    least = int((past - first).min())
    always = first[None] + np.arange(least)[:, None]
    index = np.flatnonzero(past - first > least)
    return always, first[index] + least, index


@kept
def _weights(height: int, few_rows: int, width: int, few_columns: int) -> NDArray[np.float32]:
    """One over the pixels in each large pixel, (few_columns, few_rows, 3): transposed."""
    (top, bottom), (left, right) = _bounds(height, few_rows), _bounds(width, few_columns)
    share = 1 / np.outer(right - left, bottom - top)
    return np.repeat(share[..., None], 3, axis=2).astype(np.float32)


@kept
def _nearest(count: int, few: int) -> Picked:
    """The large pixel in which the centre of each of ``count`` lies."""
    return np.minimum(((np.arange(count) + 0.5) * few / count).astype(np.int64), few - 1)


def _bounds(count: int, few: int) -> tuple[Picked, Picked]:
    """First and past-last row whose centre lies within half a large pixel of its centre."""
    edges = np.arange(few + 1) * (count / few)
    # A centre on the edge itself falls to the pixel before it.
    inner = np.floor(edges - 0.5 + 1e-9).astype(np.int64) + 1
    return inner[:-1], inner[1:]
