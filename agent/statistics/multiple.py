"""Many comparisons at once: of forty that differ by nothing, two look significant by chance."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values, in the given order: those at most q have a false discovery rate of q.

    Source: Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300. Raises ``ValueError``
    for a value outside [0, 1].

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    (0.03, 0.04, 0.04)
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie in [0, 1]")
    n = len(p_values)
    adjusted = [1.0] * n
    least = 1.0
    ranked = sorted(range(n), key=lambda index: p_values[index])
    for rank in range(n, 0, -1):
        index = ranked[rank - 1]
        least = min(least, p_values[index] * (n / rank))
        adjusted[index] = least
    return tuple(adjusted)
