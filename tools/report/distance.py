"""Seen or not against distance, per kind and severity, from trials of a drive. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tools.evaluate.trials import TrialRow

MOST_BINS: Final = 16
STEPS_M: Final = (0.5, 1, 2, 2.5, 5, 10, 20, 25, 50, 100, 200, 500)
CLEAN: Final = 0.0
"""The severity under which a strip holds the clean frames."""


@dataclass
class Strip:
    """One kind's counts: ``cells[severity][bin]`` is (seen, n). Severity 0 is the clean frame."""

    kind: str
    cells: dict[float, dict[int, tuple[int, int]]] = field(default_factory=dict)

    def add(self, severity: float, place: int, seen: bool) -> None:
        row = self.cells.setdefault(severity, {})
        hits, n = row.get(place, (0, 0))
        row[place] = hits + int(seen), n + 1


@dataclass(frozen=True)
class DistanceMap:
    """Strips of all kinds over common bins; ``edges_m`` are the bins' edges, rising."""

    edges_m: tuple[float, ...]
    strips: tuple[Strip, ...]

    def reach_m(self, strip: Strip, severity: float) -> float | None:
        """The far edge of the farthest bin from which on, nearer, at least half are always seen.

        None where even the nearest bin with targets has less than half seen.
        """
        reach = None
        for place, (seen, n) in sorted(strip.cells.get(severity, {}).items()):
            if 2 * seen < n:
                break
            reach = self.edges_m[place + 1]
        return reach


def map_distances(trials: Sequence[TrialRow]) -> DistanceMap | None:
    """Bin trials by distance; None where distances are unknown or all but the same."""
    known = [row for row in trials if row.distance_m is not None]
    edges = _edges([row.distance_m for row in known if row.distance_m is not None])
    if len(edges) < 3:
        return None
    strips: dict[str, Strip] = {}
    clean: dict[tuple[str, int, int], tuple[int, bool]] = {}
    for row in known:
        assert row.distance_m is not None
        place = _place(row.distance_m, edges)
        strip = strips.setdefault(row.kind, Strip(row.kind))
        strip.add(row.severity, place, row.seen)
        clean[(row.kind, row.frame, row.target)] = place, row.clean_seen
    # A target's clean sighting comes with each of its trials, but counts once.
    for (kind, _, _), (place, seen) in clean.items():
        strips[kind].add(CLEAN, place, seen)
    return DistanceMap(tuple(edges), tuple(strips.values()))


def _edges(distances: Iterable[float]) -> list[float]:
    """Round edges, at most MOST_BINS bins, covering all distances."""
    values = [value for value in distances if math.isfinite(value)]
    if not values or max(values) <= min(values):
        return []
    spread = max(values) - min(values)
    step = next((s for s in STEPS_M if spread / s <= MOST_BINS - 1), spread / (MOST_BINS - 1))
    first, last = math.floor(min(values) / step), math.floor(max(values) / step) + 1
    return [step * i for i in range(first, last + 1)]


def _place(distance: float, edges: Sequence[float]) -> int:
    step = edges[1] - edges[0]
    return min(len(edges) - 2, max(0, math.floor((distance - edges[0]) / step)))
