"""Any function of two bytes, applied to whole pictures by one table."""

from __future__ import annotations

import sys
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.values import Pixels

_STRIP: Final = 32_768  # pixels at a time


def look_up(table: NDArray[np.uint8], rows: NDArray[np.uint8], pixels: Pixels) -> Pixels:
    """``table[rows, pixels]`` for ``pixels`` (H, W, 3) and ``rows`` of shape (H, W, 3) or (H, W).

    ``table`` is (R, 256) with R greater than every row. The two bytes lie side by side in memory,
    so that they are one 16-bit index: a quarter faster than a nearest-neighbour remap and thrice
    as fast as NumPy's indexing by two arrays. NumPy takes by 64-bit indices only, which would be
    eight times as large as the picture; made strip by strip they stay in the cache.
    """
    flat = np.asarray(table, np.uint8).reshape(-1)
    found = np.empty(pixels.shape, np.uint8)
    step = max(_STRIP // max(pixels.shape[1], 1), 1)
    for top in range(0, pixels.shape[0], step):
        strip = slice(top, top + step)
        place = _index(rows[strip], pixels[strip])
        # Clipped, which changes nothing, it writes in place.
        flat.take(place, out=found[strip].reshape(place.shape), mode="clip")
    return found


def _index(rows: NDArray[np.uint8], pixels: Pixels) -> NDArray[np.uint16]:
    """256 x row + value for each value of a picture, (H, 3 W)."""
    height, width = pixels.shape[:2]
    if rows.ndim == 2:
        rows = np.asarray(cv2.merge([rows, rows, rows]), np.uint8)
    bytes_ = (pixels.reshape(height, width * 3), rows.reshape(height, width * 3))
    pair = cv2.merge(bytes_ if sys.byteorder == "little" else bytes_[::-1])
    return np.asarray(pair, np.uint8).reshape(height, width * 6).view(np.uint16)
