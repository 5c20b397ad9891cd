"""Any function of two bytes, applied to whole pictures by one table."""

from __future__ import annotations

import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.values import Pixels


def look_up(table: NDArray[np.uint8], rows: NDArray[np.uint8], pixels: Pixels) -> Pixels:
    """``table[rows, pixels]`` for ``pixels`` (H, W, 3) and ``rows`` of shape (H, W, 3) or (H, W).

    ``table`` is (R, 256) with R greater than every row. The two bytes lie side by side in memory,
    so that they are one 16-bit index: a quarter faster than a nearest-neighbour remap and thrice
    as fast as NumPy's indexing by two arrays.
    """
    height, width = pixels.shape[:2]
    if rows.ndim == 2:
        rows = np.asarray(cv2.merge([rows, rows, rows]), np.uint8)
    flat = (height, width * 3)
    bytes_ = (pixels.reshape(flat), rows.reshape(flat))
    pair = cv2.merge(bytes_ if sys.byteorder == "little" else bytes_[::-1])
    place = np.asarray(pair, np.uint8).reshape(height, width * 6).view(np.uint16)
    found = np.asarray(table, np.uint8).reshape(-1).take(place)
    return found.reshape(pixels.shape)
