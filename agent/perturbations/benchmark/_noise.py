"""Noise that is drawn for each value by itself: one table look-up with a random byte each.

A law of noise is a table (256, 256): by clean value, the 256 equally likely values that it becomes.
A table holds any law, clipping and truncation included, so that no arithmetic is left per frame.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.values import Pixels

DRAWS: Final = 256
VALUES: Final = np.arange(256.0)[:, None]
"""The clean values, one a row of a table."""


def noisy(table: NDArray[np.uint8], pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Each value of ``pixels`` (H, W, 3) replaced by one of its 256 in ``table``, at random."""
    flat = (pixels.shape[0], pixels.shape[1] * 3)
    draws = random_bytes(chance, pixels.size).reshape(flat)
    # The clean value is the high byte: neighbours are alike, so the table's rows stay in cache.
    place = np.asarray(cv2.merge([draws, pixels.reshape(flat)])).view("<u2")
    return table.take(place).reshape(pixels.shape)


def random_bytes(chance: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Equally likely bytes, the same on machines of either byte order."""
    words = chance.bit_generator.random_raw((count + 7) // 8)
    return np.asarray(words, "<u8").view(np.uint8)[:count]


def truncated(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Whole picture values as the standard makes them: clipped to [0, 255], then cut off."""
    return np.clip(values, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)  # 256 numbers
def normal_draws() -> NDArray[np.float64]:
    """The means of 256 equally likely slices of a normal law, scaled to variance 1.

    The outermost are at 2.96: rarer values are not drawn, their variance is.
    """
    normal = NormalDist()
    edges = [normal.inv_cdf(part / DRAWS) for part in range(1, DRAWS)]
    heights = np.array([0.0, *(normal.pdf(edge) for edge in edges), 0.0])
    means = (heights[:-1] - heights[1:]) * DRAWS
    return np.asarray(means / means.std())
