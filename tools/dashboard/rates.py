"""Shares and how sure they are, from a store's hourly sums. Pure.

Trials of one scene resemble each other, so that scenes are the evidence: a rate is that of all
trials, its interval Wilson's with as many cases as there are scenes. Several conditions are tried
on the same scenes; of many rows, the most scenes that one of them has are counted, and no sum of
the same scenes over again. That is conservative: intervals are rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from agent.statistics.intervals import Z95, wilson

K = TypeVar("K", bound=Hashable)

FEWEST_SCENES = 2
"""Below this many scenes nothing is claimed."""


@dataclass(frozen=True)
class Rate:
    """``k`` of ``n`` trials, over ``scenes``; ``low`` and ``high`` bound the share at 95 %."""

    k: int
    n: int
    scenes: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.k / self.n

    @property
    def known(self) -> bool:
        """Whether there are scenes enough to bound anything."""
        return self.scenes >= FEWEST_SCENES

    @property
    def interval(self) -> tuple[float, float]:
        return self.low, self.high


def rate(k: int, n: int, scenes: int, z: float = Z95) -> Rate | None:
    """A rate with its interval; None of no trials."""
    if not n:
        return None
    if scenes < FEWEST_SCENES:
        return Rate(k, n, scenes, 0.0, 1.0)
    return Rate(k, n, scenes, *wilson(k / n * scenes, scenes, z))


@dataclass
class Counts:
    """Sums of rows of ``Store.sums``; ``scenes`` the most that one of them has."""

    n: int = 0
    clean_seen: int = 0
    perturbed_seen: int = 0
    flips: int = 0
    truth: int = 0
    truth_seen: int = 0
    drops: int = 0
    drop_sum: float = 0.0
    scenes: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Take in a row that stands for conditions of its own on scenes of its own or the same."""
        # Name by name: a fleet's page adds some ten thousand rows.
        self.n += row["n"] or 0
        self.clean_seen += row["clean_seen"] or 0
        self.perturbed_seen += row["perturbed_seen"] or 0
        self.flips += row["flips"] or 0
        self.truth += row["truth"] or 0
        self.truth_seen += row["truth_seen"] or 0
        self.drops += row["drops"] or 0
        self.drop_sum += row["drop_sum"] or 0.0
        self.scenes = max(self.scenes, row["scenes"] or 0)

    @property
    def robust(self) -> Rate | None:
        """The share of trials in which the target is still seen under a perturbation."""
        return rate(self.perturbed_seen, self.n, self.scenes)

    @property
    def clean(self) -> Rate | None:
        """The share of targets seen on clean frames, where the truth is known; else None."""
        return rate(self.truth_seen, self.truth, min(self.scenes, self.truth))

    @property
    def flip(self) -> Rate | None:
        """The share of targets seen clean that are lost under a perturbation."""
        return self.flip_at(Z95)

    def flip_at(self, z: float) -> Rate | None:
        """``flip`` with an interval of another confidence."""
        if not self.clean_seen:
            return None
        # Scenes in which the target was seen clean: about as many as of the trials.
        scenes = -(-self.scenes * self.clean_seen // self.n)
        return rate(self.flips, self.clean_seen, scenes, z)

    @property
    def drop(self) -> float | None:
        """The mean fall of confidence from clean to perturbed, where both are known."""
        return self.drop_sum / self.drops if self.drops else None


_SUMMED = tuple(field.name for field in fields(Counts) if field.name != "scenes")


def grouped(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[tuple[Any, ...], Counts]:
    """Counts by the values of some of the rows' names.

    Rows of different devices or hours hold different scenes, so that their scenes would add up;
    group by those first and use ``joined``.
    """
    groups: dict[tuple[Any, ...], Counts] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        if key not in groups:
            groups[key] = Counts()
        groups[key].add(row)
    return groups


def joined(parts: Iterable[Counts]) -> Counts:
    """Counts of different scenes together: here the scenes add up."""
    whole = Counts()
    for part in parts:
        for name in _SUMMED:
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
        whole.scenes += part.scenes
    return whole


def merged(parts: Iterable[Counts]) -> Counts:
    """Counts of different conditions on the same scenes together: the most scenes count."""
    whole = Counts()
    for part in parts:
        whole.add(vars(part))
    return whole
