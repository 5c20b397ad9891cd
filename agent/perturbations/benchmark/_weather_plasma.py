"""Plasma: random heights on a ring-shaped square by the diamond-square rule (Fournier et al. 1982).

Midpoints of squares, then of diamonds, get the mean of their four neighbours and a uniform chance
that shrinks from each scale to the next finer one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Heights = NDArray[np.float32]


def plasma(side: int, decay: float, chance: np.random.Generator) -> Heights:
    """Heights (side, side), side a power of two, that go on over each edge on the opposite one.

    The first corner lies at 0, the first chance within 1 of its mean. The chance shrinks by
    ``decay`` squared from scale to scale: the standard multiplies a uniform number by its range
    once more.
    """
    heights = np.zeros((1, 1), np.float32)
    strength = 1.0
    while len(heights) < side:
        heights = _finer(heights, strength, chance)
        strength /= decay**2
    return heights


def _finer(heights: Heights, strength: float, chance: np.random.Generator) -> Heights:
    """Twice as many heights each way: squares' midpoints first, then diamonds'."""
    count = len(heights)
    parts = chance.random((3, count, count), np.float32)
    parts -= np.float32(0.5)
    parts *= np.float32(2 * strength)
    middle, right, below = parts
    across = heights + _after(heights, 1)
    middle += np.float32(0.25) * (across + _after(across, 0))
    right += np.float32(0.25) * (across + middle + _before(middle, 0))
    below += np.float32(0.25) * (heights + _after(heights, 0) + middle + _before(middle, 1))
    grown = np.empty((2 * count, 2 * count), np.float32)
    grown[::2, ::2], grown[1::2, 1::2] = heights, middle
    grown[::2, 1::2], grown[1::2, ::2] = right, below
    return grown


def _after(heights: Heights, axis: int) -> Heights:
    return np.roll(heights, -1, axis)


def _before(heights: Heights, axis: int) -> Heights:
    return np.roll(heights, 1, axis)
