"""Two sets of trials against each other, kind by kind. Pure.

Of each kind only the severities that both sides tried count, each as much as the others, so that
neither side looks better for having tried milder ones. A side's bounds are the means of its bounds
by severity: the same scenes meet all severities, and what they share does not average out. The two
sides are independent; the interval of their difference is Newcombe's (1998, Statistics in Medicine
17, 873-890, method 10), at 95 % for all rows of a table together (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from tools.dashboard.rates import Counts, Rate, rate

BEYOND: Final = 0.05
Cells = Mapping[tuple[str, float], Counts]
"""(kind, severity) -> counts."""


@dataclass(frozen=True)
class Side:
    """The mean share of one side, with the bounds that the table's correction asks for."""

    share: float
    low: float
    high: float
    n: int
    scenes: int

    @property
    def interval(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class Versus:
    """One row: ``difference`` is B less A, between ``low`` and ``high``."""

    name: str
    a: Side
    b: Side
    severities: int
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` (B than A) where chance does not explain it, else empty."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else ""


def compare(a: Cells, b: Cells) -> list[Versus]:
    """The kinds that both sides tried, and first all of them together; the worst for B first."""
    common = sorted(set(a) & set(b))
    kinds: dict[str, list[tuple[str, float]]] = {}
    for cell in common:
        kinds.setdefault(cell[0], []).append(cell)
    if not kinds:
        return []
    whole = [("", common)] if len(kinds) > 1 else []
    rows = [*whole, *kinds.items()]
    z = NormalDist().inv_cdf(1 - BEYOND / (2 * len(rows)))
    made = [_versus(name, cells, a, b, z) for name, cells in rows]
    known = [row for row in made if row is not None]
    return sorted(known, key=lambda row: (row.name != "", row.difference, row.name))


def _versus(
    name: str, cells: Sequence[tuple[str, float]], a: Cells, b: Cells, z: float
) -> Versus | None:
    sides = [_side([of[cell] for cell in cells], z) for of in (a, b)]
    first, second = sides
    if first is None or second is None:
        return None
    difference = second.share - first.share
    return Versus(
        name,
        first,
        second,
        len(cells),
        difference,
        difference - math.hypot(second.share - second.low, first.high - first.share),
        difference + math.hypot(second.high - second.share, first.share - first.low),
    )


def _side(counts: Sequence[Counts], z: float) -> Side | None:
    rates: list[Rate] = [
        found for one in counts if (found := rate(one.perturbed_seen, one.n, one.scenes, z))
    ]
    if not rates:
        return None
    share, low, high = (
        sum(values) / len(rates)
        for values in zip(*((one.share, one.low, one.high) for one in rates), strict=True)
    )
    return Side(share, low, high, sum(one.n for one in rates), max(one.scenes for one in rates))


def summary(rows: Sequence[Versus]) -> str:
    """What the table says, in a sentence."""
    kinds = [row for row in rows if row.name]
    better = sum(row.verdict == "better" for row in kinds)
    worse = sum(row.verdict == "worse" for row in kinds)
    rest = len(kinds) - better - worse
    if not better and not worse:
        return f"In none of {len(kinds)} kinds do A and B differ by more than chance."
    said = [f"B sees more in {better}"] if better else []
    said += [f"{'fewer' if better else 'B sees fewer'} in {worse}"] if worse else []
    said += [f"and in {rest} the difference is within chance"] if rest else []
    return f"Of {len(kinds)} kinds, {', '.join(said)}."
