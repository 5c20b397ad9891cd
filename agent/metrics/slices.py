"""Rates by slice: where in the data a model is weak, and which weakness is more than chance.

Targets of one scene resemble each other, so the scene (clip or track) is the unit of evidence;
many slices are compared at once, so p-values are adjusted; small slices are said to be too small
instead of alarming.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from agent.metrics._contrast import Counts, clustered_p
from agent.metrics.bands import Slice
from agent.statistics.clustered import clustered_rate
from agent.statistics.intervals import Interval
from agent.statistics.multiple import benjamini_hochberg

LEAST_TARGETS: Final = 30
LEAST_SCENES: Final = 10
"""Fewer targets or scenes than these, in the slice or in the rest, and it is not compared: with so
few scenes neither a rate's spread nor a test's law is known."""

FALSE_DISCOVERIES: Final = 0.05
"""The share of alarms that may be false (Benjamini and Hochberg); where no slice differs, the share
of runs with any alarm."""

Finding = Literal["worse", "better", "alike", "too small"]
"""Against the rest of the property's targets. ``alike``: no difference is shown, which is no proof
that there is none."""


@dataclass(frozen=True, slots=True)
class SliceRate:
    """One slice under one condition: ``k`` seen of ``n`` targets in ``scenes`` scenes.

    ``interval`` is the rate's 95 % interval by scenes, for this slice alone; ``rest`` is the rate
    of the same property's other targets, None without any; ``p`` is adjusted for all slices and
    conditions compared, None for a slice that is too small.
    """

    slice: Slice
    condition: str
    k: int
    n: int
    scenes: int
    interval: Interval
    rest: float | None
    p: float | None
    finding: Finding

    @property
    def rate(self) -> float:
        """The share of targets seen, in [0, 1]."""
        return self.k / self.n


class Spread(NamedTuple):
    """How far a property's slices lie apart under one condition, of those not too small.

    ``difference`` is the greatest rate less the least, in [0, 1]; ``ratio`` the least over the
    greatest, in [0, 1], None where nothing is seen in any. Chance alone drives slices apart, the
    farther the more there are: a spread alarms only together with a finding.
    """

    worst: SliceRate
    best: SliceRate
    difference: float
    ratio: float | None


class SliceTally:
    """Targets seen, of targets, by slice, condition and scene; whole counts that add up."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], dict[str, dict[str, tuple[int, int]]]] = {}

    def add(
        self, slices: Iterable[Slice], condition: str, scene: str, seen: int, n: int = 1
    ) -> None:
        """Count ``n`` targets of one scene that share these slices, ``seen`` of them seen.

        Raises ``ValueError`` unless 0 <= seen <= n.
        """
        if not 0 <= seen <= n:
            raise ValueError(f"a count needs 0 <= seen <= n, got {seen} of {n}")
        for name, band in slices:
            bands = self._counts.setdefault((condition, name), {})
            scenes = bands.setdefault(band, {})
            before = scenes.get(scene, (0, 0))
            scenes[scene] = (before[0] + seen, before[1] + n)

    def merge(self, other: SliceTally) -> None:
        """Add another tally's counts to this one; both may hold parts of one scene."""
        for (condition, name), bands in other._counts.items():
            for band, scenes in bands.items():
                for scene, (seen, n) in scenes.items():
                    self.add((Slice(name, band),), condition, scene, seen, n)

    def rates(self) -> tuple[SliceRate, ...]:
        """All slices under all conditions, by condition, property and band.

        A property of one band has no rest to be compared with. Each slice is compared with the
        rest by ``clustered_p``; a finding is worse or better where the adjusted p is at most 5 %.
        """
        rows = [
            (condition, Slice(name, band), counts)
            for (condition, name), bands in sorted(self._counts.items())
            for band, counts in _against_rest(bands).items()
        ]
        raw = [clustered_p(counts) if _large(counts) else None for _, _, counts in rows]
        adjusted = iter(benjamini_hochberg([p for p in raw if p is not None]))
        return tuple(
            _rate(own, condition, counts, None if p is None else next(adjusted))
            for (condition, own, counts), p in zip(rows, raw, strict=True)
        )


def _against_rest(bands: Mapping[str, Mapping[str, tuple[int, int]]]) -> dict[str, Counts]:
    """For each band, by name: (k, n) of each scene inside it and in the property's other bands."""
    places: dict[str, int] = {}
    for scenes in bands.values():
        for scene in scenes:
            places.setdefault(scene, len(places))
    inside = {}
    for band in sorted(bands):
        table = np.zeros((len(places), 2), np.int64)
        for scene, count in bands[band].items():
            table[places[scene]] = count
        inside[band] = table
    whole = np.sum(list(inside.values()), axis=0)
    return {band: np.hstack([own, whole - own]) for band, own in inside.items()}


def _large(counts: Counts) -> bool:
    targets = (int(counts[:, 1].sum()), int(counts[:, 3].sum()))
    scenes = (int((counts[:, 1] > 0).sum()), int((counts[:, 3] > 0).sum()))
    return min(targets) >= LEAST_TARGETS and min(scenes) >= LEAST_SCENES


def _rate(own: Slice, condition: str, counts: Counts, p: float | None) -> SliceRate:
    k, n, other_k, other_n = (int(value) for value in counts.sum(axis=0))
    rest = other_k / other_n if other_n else None
    clusters = [(int(a), int(b)) for a, b in counts[counts[:, 1] > 0, :2]]
    finding: Finding = "alike"
    if p is None or rest is None:
        finding = "too small"
    elif p <= FALSE_DISCOVERIES:
        finding = "worse" if k / n < rest else "better"
    return SliceRate(
        own, condition, k, n, len(clusters), clustered_rate(clusters), rest, p, finding
    )


def spreads(rates: Iterable[SliceRate]) -> dict[tuple[str, str], Spread]:
    """By (condition, property): the spread of those with two slices or more that are large enough.

    Of equal rates the first by name is named.
    """
    groups: dict[tuple[str, str], list[SliceRate]] = {}
    for rate in rates:
        if rate.finding != "too small":
            groups.setdefault((rate.condition, rate.slice.name), []).append(rate)
    return {key: _spread(group) for key, group in sorted(groups.items()) if len(group) > 1}


def _spread(group: list[SliceRate]) -> Spread:
    worst, best = min(group, key=lambda r: r.rate), max(group, key=lambda r: r.rate)
    ratio = worst.rate / best.rate if best.rate > 0 else None
    return Spread(worst, best, best.rate - worst.rate, ratio)


def worst_slice(rates: Iterable[SliceRate]) -> SliceRate | None:
    """The slice of the lowest rate among those found worse than their rest; None without any."""
    return min((r for r in rates if r.finding == "worse"), key=lambda r: r.rate, default=None)
