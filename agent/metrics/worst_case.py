"""The worst case over a suite: the targets that survive all of its conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Survivors:
    """Targets that were seen under every condition tried, clean included: ``seen`` of ``n``.

    The stricter worst case: each target meets its own worst condition, as under an adversary who
    may choose from the suite. It compares only between runs of the same conditions, and grids
    only: a strategy that stops early has not tried them all.
    """

    n: int = 0
    seen: int = 0

    def __add__(self, other: Survivors) -> Survivors:
        return Survivors(self.n + other.n, self.seen + other.seen)

    @property
    def worst_case_error(self) -> float | None:
        """The share of targets lost to at least one condition, in [0, 1]; None without targets."""
        return 1 - self.seen / self.n if self.n else None


def survivors_of(outcomes: Iterable[bool]) -> Survivors:
    """The counts of one target from whether it was seen clean and in each of its trials."""
    return Survivors(1, int(all(outcomes)))
