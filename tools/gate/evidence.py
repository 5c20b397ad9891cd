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
    """About how many more than ``n`` would settle it, if the figure stayed what it is.

    An interval's half-width shrinks with the root of n. None where the figure lies on the limit:
    no number of frames would do.

    >>> more_needed(Measure(0.95, 0.85, 0.99), 0.90, 50)
    150
    """
    away = abs(measure.value - limit)
    if away < 1e-9:
        return None
    half = measure.value - measure.low if measure.value > limit else measure.high - measure.value
    # Rounded first: a hair above a whole number is no further frame.
    return max(1, math.ceil(round(n * (half / away) ** 2, 6)) - n)


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
