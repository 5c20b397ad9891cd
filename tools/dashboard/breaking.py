"""At which severity a kind takes half of what is seen clean, from sums by severity. Pure.

As in ``results.json``, the breaking severity is the mildest one tried at which half is lost; where
more than half survived the strongest, there is none: it is censored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tools.dashboard.rates import Counts, Rate

HALF = 0.5


@dataclass(frozen=True)
class Level:
    """One severity of a kind."""

    severity: float
    counts: Counts

    @property
    def flip(self) -> Rate | None:
        return self.counts.flip


@dataclass(frozen=True)
class Breaking:
    """One kind: ``at`` is None where more than half survived ``strongest``.

    ``low`` and ``high`` are the mildest severities at which half may, and must, be lost by the
    95 % intervals; None stands for beyond the strongest tried.
    """

    kind: str
    levels: tuple[Level, ...]
    at: float | None
    low: float | None
    high: float | None

    @property
    def strongest(self) -> Level:
        return self.levels[-1]

    @property
    def rank(self) -> tuple[float, float]:
        """The weakest spot first."""
        flip = self.strongest.flip
        return (2.0 if self.at is None else self.at, -(flip.share if flip else 0.0))


def breaking(kind: str, by_severity: Mapping[float, Counts]) -> Breaking:
    """A kind's breaking severity. There must be a severity."""
    levels = tuple(Level(severity, by_severity[severity]) for severity in sorted(by_severity))
    flips = [(level.severity, level.flip) for level in levels]
    known = [(severity, flip) for severity, flip in flips if flip is not None]
    return Breaking(
        kind,
        levels,
        at=next((severity for severity, flip in known if flip.share >= HALF), None),
        low=next((severity for severity, flip in known if flip.high >= HALF), None),
        high=next((severity for severity, flip in known if flip.low >= HALF), None),
    )


def breakings(by_kind: Mapping[str, Mapping[float, Counts]]) -> list[Breaking]:
    """All kinds, the weakest spot first."""
    found = [breaking(kind, severities) for kind, severities in by_kind.items() if severities]
    return sorted(found, key=lambda one: (*one.rank, one.kind))
