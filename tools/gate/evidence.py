"""One limit against one interval: kept, broken, or too little evidence. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from agent.statistics.intervals import Z95, Interval

Answer = Literal["pass", "fail", "unsure", "missing"]
"""``unsure``: too little evidence. ``missing``: the results do not hold what the rule asks for."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def settle(measure: Measure, *, at_least: float | None = None, at_most: float = 0.0) -> Answer:
    """Whether the whole interval keeps the limit, the whole of it breaks it, or neither."""
    if at_least is not None:
        kept, broken = measure.low >= at_least, measure.high < at_least
    else:
        kept, broken = measure.high <= at_most, measure.low > at_most
    return "pass" if kept else "fail" if broken else "unsure"


def more_needed(measure: Measure, limit: float, n: int) -> int | None:
    """About how many more than ``n`` frames would settle it, if the figure stayed what it is.

    Wilson's interval leaves a limit out once n is z^2 limit (1 - limit) / distance^2. How many
    independent cases there are now follows from the interval's width, so that clips count for what
    they tell. For figures that are no shares the width shrinks with the root of n. None where the
    figure lies on the limit: no number of frames would do.

    >>> more_needed(Measure(0.95, 0.8354, 0.9862), 0.90, 100)
    245
    """
    away = abs(measure.value - limit)
    if away < 1e-9:
        return None
    if measure.low >= 0 and measure.high <= 1:
        times = Z95**2 * limit * (1 - limit) / away**2 / _cases(measure)
    else:
        over = measure.value > limit
        half = measure.value - measure.low if over else measure.high - measure.value
        times = (half / away) ** 2
    return max(1, math.ceil(n * times) - n)


def _cases(measure: Measure) -> float:
    """The number of independent cases whose Wilson interval is as wide as this one."""
    least, most = 1e-3, 1e12
    for _ in range(80):
        middle = math.sqrt(least * most)
        if _width(measure.value, middle) > measure.high - measure.low:
            least = middle
        else:
            most = middle
    return least


def _width(share: float, n: float) -> float:
    spread = Z95**2 / n
    return 2 * Z95 / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))


def more_pictures(value: float, limit: float, n: int) -> int | None:
    """As ``more_needed``, for a rate of events per picture with ``poisson_rate``'s interval."""
    away = abs(value - limit)
    return None if away < 1e-9 else max(1, math.ceil(Z95**2 * limit / away**2) - n)


def poisson_rate(events: int, n: int, z: float = Z95) -> Interval:
    """Score interval of a rate of events per picture, at least 0; (0, inf) where n is 0.

    Events are taken as independent of each other. Source: Barker (2002), The American
    Statistician 56, 85-89.
    """
    if n == 0:
        return Interval(0.0, math.inf)
    middle = (events + z * z / 2) / n
    half = z / n * math.sqrt(events + z * z / 4)
    return Interval(0.0 if events == 0 else middle - half, middle + half)


def difference(first: Measure, second: Measure) -> Measure:
    """First less second, of two independent shares.

    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Measure(value, value - down, value + up)
