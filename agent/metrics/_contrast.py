"""Do targets inside a slice fare like those outside, when the targets of a scene are alike?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""(S, 4) whole numbers: per scene, k and n inside the slice, k and n outside it."""


def clustered_p(counts: Counts) -> float:
    """Two-sided p-value that the rates inside and outside are equal; scenes are independent.

    The greater of two tests' p-values, since each alone raises false alarms. One takes its
    variance from the scenes of either side as they are (Liang and Zeger 1986, Biometrika 73,
    13-22), with Student's law for the scenes of the smaller side; it breaks where a slice happens
    to hold no event at all. The other takes the binomial's at the common rate, inflated by
    the correlation within scenes that all data show (Kish 1965); it breaks where the scenes of
    this slice are more alike than others, and in the long tail of rare events. 1 where a side
    holds fewer than two scenes.
    """
    inside, outside = counts[:, :2], counts[:, 2:]
    k_in, n_in, k_out, n_out = (int(value) for value in counts.sum(axis=0))
    many_in, many_out = int((inside[:, 1] > 0).sum()), int((outside[:, 1] > 0).sum())
    if min(many_in, many_out) < 2 or k_in + k_out in (0, n_in + n_out):
        return 1.0
    # Counts come in steps of one, the laws are smooth: half a step less (Yates 1934).
    step = (1 / n_in + 1 / n_out) / 2
    difference = max(abs(k_in / n_in - k_out / n_out) - step, 0.0)
    left, right = _residuals(inside), _residuals(outside)
    parts = left * _unbiased(many_in) / n_in - right * _unbiased(many_out) / n_out
    observed = float((parts**2).sum())
    alike = _alike(inside, outside)
    share = (k_in + k_out) / (n_in + n_out)
    sizes = _inflated(inside[:, 1], alike) / n_in**2 + _inflated(outside[:, 1], alike) / n_out**2
    expected = share * (1 - share) * sizes
    return max(
        two_sided(difference / math.sqrt(observed), min(many_in, many_out) - 1) if observed else 0,
        two_sided(difference / math.sqrt(expected), many_in + many_out - 2),
    )


def _residuals(side: Counts) -> NDArray[np.float64]:
    """By how much each scene's successes exceed what its side's rate foretells, shape (S,)."""
    share = side[:, 0].sum() / side[:, 1].sum()
    return np.asarray(side[:, 0] - share * side[:, 1], np.float64)


def _unbiased(many: int) -> float:
    return math.sqrt(many / (many - 1))


def _inflated(sizes: Counts, alike: float) -> float:
    """Targets' number, inflated by the correlation within scenes (Kish's design effect)."""
    return float((sizes * (1 + (sizes - 1) * alike)).sum())


def _alike(*sides: Counts) -> float:
    """Correlation within a scene, in [0, 1], by moments; each side has its own rate."""
    beyond, most = 0.0, 0.0
    for side in sides:
        sizes = side[:, 1]
        many, whole = int((sizes > 0).sum()), int(sizes.sum())
        share = int(side[:, 0].sum()) / whole
        chance = share * (1 - share)
        spread = float((_residuals(side) ** 2).sum()) * many / (many - 1)
        beyond += spread - chance * whole
        most += chance * int((sizes * (sizes - 1)).sum())
    return min(max(beyond / most, 0.0), 1.0) if most > 0 else 0.0


def two_sided(t: float, freedom: int) -> float:
    """P(|T| >= |t|) for Student's T with ``freedom`` degrees (Abramowitz and Stegun 26.7.3-4).

    Beyond 1000 degrees the normal law at a shifted t (26.7.8). Raises ``ValueError`` below one
    degree.

    >>> round(two_sided(2.228, 10), 3)
    0.05
    """
    if freedom < 1:
        raise ValueError("Student's t needs at least one degree of freedom")
    if freedom > 1000:
        z = abs(t) * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom))
        return math.erfc(z / math.sqrt(2))
    angle = math.atan2(abs(t), math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for step in range((freedom - odd) // 2):
        total += term
        term *= cosine * cosine * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    within = math.sin(angle) * total
    if odd:
        within = 2 / math.pi * (angle + within)
    return min(1.0, max(0.0, 1 - within))
