"""Two models on the same cases: is one better, or did chance choose the cases that differ?"""

from __future__ import annotations

import math

from agent.statistics.intervals import Z95, Interval

EXACT_BELOW = 1000
"""Discordant pairs up to which the binomial is summed; beyond, it is normal to six digits."""


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p-value that as many cases are won as lost but for chance.

    ``won``: right only with the second model; ``lost``: right only with the first. Cases on which
    both agree tell nothing. Exact binomial test, for large counts the normal approximation with
    continuity correction. Source: McNemar (1947), Psychometrika 12, 153-157. Raises
    ``ValueError`` for negative counts.

    >>> mcnemar(0, 5)
    0.0625
    >>> mcnemar(3, 3)
    1.0
    """
    if won < 0 or lost < 0:
        raise ValueError(f"counts are not negative, got {won} and {lost}")
    n, fewer = won + lost, min(won, lost)
    if n == 0:
        return 1.0
    if n > EXACT_BELOW:
        z = max(abs(won - lost) - 1, 0) / math.sqrt(n)
        return math.erfc(z / math.sqrt(2))
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / (1 << n)
    return min(1.0, 2 * tail)


def paired_difference(won: int, lost: int, n: int, z: float = Z95) -> Interval:
    """Interval of the difference of two shares (second less first) on the same ``n`` cases.

    Agresti and Min's: half a case is added to each of the four cells, which makes Wald's interval
    hold for small counts and at 0. Source: Agresti and Min (2005), Statistics in Medicine 24,
    729-740. Raises ``ValueError`` unless the discordant cases are among the ``n``.

    >>> low, high = paired_difference(2, 12, 100)
    >>> round(low, 3), round(high, 3)
    (-0.17, -0.026)
    """
    if min(won, lost) < 0 or won + lost > n:
        raise ValueError(f"{won} won and {lost} lost are no part of {n} cases")
    gained, missed, whole = won + 0.5, lost + 0.5, n + 2
    difference = (gained - missed) / whole
    spread = math.sqrt(max(gained + missed - (gained - missed) ** 2 / whole, 0.0)) / whole
    return Interval(max(-1.0, difference - z * spread), min(1.0, difference + z * spread))
