"""How fast something grows, whatever single samples do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

BEGINNING: Final = 0.25
"""The part of a run that is left out: what it takes until caches and heaps are full."""
_MOST: Final = 400
"""Points that a line is drawn through; more are thinned out evenly."""


def steady_slope(at: Sequence[float], sizes: Sequence[float]) -> float:
    """The slope of a line through the last three quarters of a run, ``at`` ascending.

    The median of the slopes between all pairs of points (Theil 1950, Sen 1968): up to a quarter of
    the samples may be anything. 0 for less than two points.
    """
    x, y = np.asarray(at, float), np.asarray(sizes, float)
    if len(x) < 2:
        return 0.0
    late = x >= x[0] + BEGINNING * (x[-1] - x[0])
    x, y = x[late], y[late]
    step = -(-len(x) // _MOST)
    x, y = x[::step], y[::step]
    first, second = np.triu_indices(len(x), 1)
    across = x[second] - x[first]
    apart = across > 0
    if not apart.any():
        return 0.0
    return float(np.median((y[second] - y[first])[apart] / across[apart]))
