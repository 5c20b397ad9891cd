"""Confidence intervals for counts and medians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

Z95 = NormalDist().inv_cdf(0.975)
FEWEST = 6
"""Values below which no order statistics bound the median at 95 %: 2 * 0.5^5 > 0.05."""


class Interval(NamedTuple):
    """A closed interval."""

    low: float
    high: float


def wilson(successes: float, n: int, z: float = Z95) -> Interval:
    """Wilson score interval for a proportion, within [0, 1]; (0, 1) where n is 0.

    Unlike the normal approximation it holds near 0 and 1 and for small n. ``successes`` need not
    be whole: of n scenes with several trials each it is the share of the trials, n times.
    Source: Wilson, E. B. (1927), J. Am. Stat. Assoc. 22, 209-212.

    >>> low, high = wilson(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    if not 0 <= successes <= n:
        raise ValueError(f"wilson needs 0 <= successes <= n, got {successes} of {n}")
    if n == 0:
        return Interval(0.0, 1.0)
    share = successes / n
    spread = z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # At the ends the bound is exact; rounding must not move it past the observed share.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low, high)


class CensoredMedian(NamedTuple):
    """A median with its 95 % interval; None stands for "beyond the largest value tried".

    ``low`` 0 and ``high`` None together bound nothing: there were too few values.
    """

    median: float | None
    low: float | None
    high: float | None


def censored_median(values: Sequence[float | None], z: float = Z95) -> CensoredMedian:
    """Median of values of which some (None) lie beyond all that was tried.

    ``values`` are at least 0. The interval is the distribution-free one between order statistics,
    with the binomial taken as normal; below 6 values even the smallest and the largest hold the
    median in fewer than 95 % of cases, so nothing is claimed. Source: Conover (1999), Practical
    Nonparametric Statistics, section 3.2.

    Raises ``ValueError`` where there are no values.

    >>> censored_median([0.2, 0.4, 0.6, None, None]).median
    0.6
    """
    if not values:
        raise ValueError("the median of no values is not defined")
    ranked = sorted(values, key=lambda value: math.inf if value is None else value)
    n = len(ranked)
    if n < FEWEST:
        return CensoredMedian(ranked[(n - 1) // 2], 0.0, None)
    half = z * math.sqrt(n) / 2
    low = max(0, math.ceil(n / 2 - half) - 1)
    high = min(n - 1, math.ceil(n / 2 + half) - 1)
    return CensoredMedian(ranked[(n - 1) // 2], ranked[low], ranked[high])
