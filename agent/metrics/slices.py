"""Rates by slice: where in the data a model is weak, and which weakness is more than chance.

Targets of one scene resemble each other, so the scene (clip or track) is the unit of evidence;
many slices are compared at once, so p-values are adjusted; small slices are said to be too small
instead of alarming.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from agent.metrics._contrast import Shared, clustered_p, outside, scene_shared
from agent.metrics.bands import Slice
from agent.statistics.clustered import Sums, grow, rate_interval, scene_sums
from agent.statistics.intervals import Interval
from agent.statistics.multiple import benjamini_hochberg

LEAST_TARGETS: Final = 30
LEAST_SCENES: Final = 10
"""Fewer targets or scenes than these, in the slice or in the rest, and it is not compared: with so
few scenes neither a rate's spread nor a test's law is known."""

FALSE_DISCOVERIES: Final = 0.05
"""The share of alarms that may be false (Benjamini and Hochberg); where no slice differs, the share
of runs with any alarm."""

OUTSIDE: Final = 0.05
"""How often any of the intervals that hold together misses its rate, at most."""

Finding = Literal["worse", "better", "alike", "too small"]
"""Against the rest of the property's targets. ``alike``: no difference is shown, which is no proof
that there is none."""


@dataclass(frozen=True, slots=True)
class SliceRate:
    """One slice under one condition: ``k`` seen of ``n`` targets in ``scenes`` scenes.

    ``interval`` is the rate's 95 % interval by scenes, for this slice alone; ``together`` is
    the wider one that holds for all slices and conditions at once (Bonferroni). ``rest`` is the
    rate of the same property's other targets, None without any; ``p`` is adjusted for all
    slices and conditions compared, None for a slice that is too small.
    """

    slice: Slice
    condition: str
    k: int
    n: int
    scenes: int
    interval: Interval
    together: Interval
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


Table = dict[tuple[str, str], dict[str, tuple[int, int]]]
"""One scene's (seen, targets) by (condition, property) and band."""


class SliceTally:
    """Targets seen, of targets, by slice, condition and scene, as whole numbers that add up.

    Scenes stay open, so that they may be counted bit by bit and in several tallies, until
    ``settle`` folds them into sums: call it when no more comes of them, and memory stays bounded.
    """

    def __init__(self) -> None:
        self._open: dict[str, Table] = {}
        # The numbers of Sums, for a property's bands together; of Sums and Shared, for each band.
        self._whole: dict[tuple[str, str], list[int]] = {}
        self._bands: dict[tuple[str, str], dict[str, list[int]]] = {}

    def add(
        self, slices: Iterable[Slice], condition: str, scene: str, seen: int, n: int = 1
    ) -> None:
        """Count ``n`` targets of one scene that share these slices, ``seen`` of them seen.

        Raises ``ValueError`` unless 0 <= seen <= n.
        """
        if not 0 <= seen <= n:
            raise ValueError(f"a count needs 0 <= seen <= n, got {seen} of {n}")
        table = self._open.setdefault(scene, {})
        for name, band in slices:
            bands = table.setdefault((condition, name), {})
            before = bands.get(band, (0, 0))
            bands[band] = (before[0] + seen, before[1] + n)

    def settle(self) -> None:
        """Fold all open scenes into sums. One that is counted again would be another scene."""
        for table in self._open.values():
            for key, bands in table.items():
                self._fold(key, bands)
        self._open = {}

    def _fold(self, key: tuple[str, str], bands: Mapping[str, tuple[int, int]]) -> None:
        """Add one scene's counts of one property under one condition."""
        whole_k, whole_n = (sum(counts) for counts in zip(*bands.values(), strict=True))
        if not whole_n:
            return
        self._grow(key, None, scene_sums(whole_k, whole_n))
        for band, (k, n) in bands.items():
            if n:
                self._grow(key, band, scene_sums(k, n) + scene_shared(k, n, whole_k, whole_n))

    def _grow(self, key: tuple[str, str], band: str | None, part: Sequence[int]) -> None:
        if band is None:
            totals = self._whole.setdefault(key, [0] * len(part))
        else:
            totals = self._bands.setdefault(key, {}).setdefault(band, [0] * len(part))
        grow(totals, part)

    def merge(self, other: SliceTally) -> None:
        """Add another tally's counts to this one; both may hold parts of a scene that is open."""
        for scene, table in other._open.items():
            for (condition, name), bands in table.items():
                for band, (seen, n) in bands.items():
                    self.add((Slice(name, band),), condition, scene, seen, n)
        for key, whole in other._whole.items():
            self._grow(key, None, whole)
        for key, settled in other._bands.items():
            for band, part in settled.items():
                self._grow(key, band, part)

    def rates(self) -> tuple[SliceRate, ...]:
        """All slices under all conditions, by condition, property and band.

        Each slice is compared with the rest of its property's targets, in other bands; a property
        of one band has no rest. A finding is worse or better where the adjusted p is at most 5 %.
        Open scenes count, and stay open.
        """
        settled = SliceTally()
        settled.merge(self)
        settled.settle()
        size = len(Sums())
        rows = [
            (key[0], Slice(key[1], band), whole, Sums(*own[:size]), Shared(*own[size:]))
            for key, bands in sorted(settled._bands.items())
            for whole in (Sums(*settled._whole[key]),)
            for band, own in sorted(bands.items())
        ]
        raw = [
            clustered_p(whole, inside, shared) if _large(whole, inside, shared) else None
            for _, _, whole, inside, shared in rows
        ]
        adjusted = iter(benjamini_hochberg([p for p in raw if p is not None]))
        return tuple(
            _rate(own, condition, inside, whole, None if p is None else next(adjusted), len(rows))
            for (condition, own, whole, inside, _), p in zip(rows, raw, strict=True)
        )


def _large(whole: Sums, inside: Sums, shared: Shared) -> bool:
    rest = outside(whole, inside, shared)
    scenes = min(inside.scenes, rest.scenes)
    return scenes >= LEAST_SCENES and min(inside.n, rest.n) >= LEAST_TARGETS


def _rate(
    own: Slice, condition: str, inside: Sums, whole: Sums, p: float | None, many: int
) -> SliceRate:
    """One of ``many`` slices' figures; ``p`` is adjusted."""
    others = whole.n - inside.n
    rest = (whole.k - inside.k) / others if others else None
    finding: Finding = "alike"
    if p is None or rest is None:
        finding = "too small"
    elif p <= FALSE_DISCOVERIES:
        finding = "worse" if inside.rate < rest else "better"
    return SliceRate(
        slice=own,
        condition=condition,
        k=inside.k,
        n=inside.n,
        scenes=inside.scenes,
        interval=rate_interval(inside),
        together=rate_interval(inside, OUTSIDE / many),
        rest=rest,
        p=p,
        finding=finding,
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
