"""Plasma: random heights on a ring-shaped square by the diamond-square rule (Fournier et al. 1982).

Midpoints of squares, then of diamonds, get the mean of their four neighbours and a uniform chance
that shrinks from each scale to the next finer one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations._layers import kept
from agent.perturbations.benchmark._weather import chance_of

_OWN: Final = 64
"""Knots a side that are drawn by the seed; what is finer is drawn once and shifted by the seed."""

_CHANCE: Final = 53

Heights = NDArray[np.float32]


def plasma(side: int, decay: float, chance: np.random.Generator) -> Heights:
    """Heights (side, side), side a power of two, that go on over each edge on the opposite one.

    The chance shrinks by ``decay`` squared from scale to scale: the standard multiplies a uniform
    number by its range once more. The rule is linear in its chances, so the finest scales are a
    field of their own that is added; shifted by whole coarse knots it is as likely as before.
    """
    coarse = min(side, _OWN)
    heights = np.zeros((1, 1), np.float32)
    strength = 1.0
    while len(heights) < coarse:
        heights = _finer(heights, strength, chance)
        strength /= decay**2
    if coarse == side:
        return heights
    while len(heights) < side:
        heights = _finer(heights, 0.0, None)
    step = side // coarse
    down, along = (chance.integers(0, coarse, 2) * step).tolist()
    fine = _fine(side, decay)
    for to, start in (
        (slice(down, None), slice(None, side - down)),
        (slice(down), slice(side - down, None)),
    ):
        heights[to, along:] += np.float32(strength) * fine[start, : side - along]
        heights[to, :along] += np.float32(strength) * fine[start, side - along :]
    return heights


@kept
def _fine(side: int, decay: float) -> Heights:
    """What the scales below the seed's own add, for a first strength of 1."""
    chance, strength = chance_of(_CHANCE), 1.0
    heights = np.zeros((_OWN, _OWN), np.float32)
    while len(heights) < side:
        heights = _finer(heights, strength, chance)
        strength /= decay**2
    return heights


def _finer(heights: Heights, strength: float, chance: np.random.Generator | None) -> Heights:
    """Twice as many heights each way: squares' midpoints first, then diamonds'."""
    count = len(heights)
    parts = np.zeros((3, count, count), np.float32)
    if chance is not None:
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
