"""Frames gathered into scenes, the units of evidence: a sign on its approach, or a whole photo.

A track is a scene, from its first frame to its last; one that is gone for more than 30 frames and
comes back begins another. The targets of a clip of one frame, a photo, share their light and
weather: they are one scene together. Frames come in order; one clip ends where the next begins.
Memory does not grow with a scene's length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.metrics.approach import Approach, Approaches, Look, Voting, Watch
from agent.metrics.bands import Slice
from agent.metrics.counters import CellKey, first_losses
from agent.metrics.flips import Flips, against
from agent.metrics.slices import SliceTally
from agent.statistics.clustered import Losses, Sums, grow, scene_sums

CLEAN: Final = CellKey("", 0.0, None)
"""Stands for the frames as they are."""

GONE: Final = 30
"""Frames without a track after which it is over: a second at video rate."""


class Outcome(NamedTuple):
    """One trial: under which condition, whether seen, and the label seen (None: nothing)."""

    key: CellKey
    seen: bool
    label: str | None


class Glimpse(NamedTuple):
    """One target in one frame: when and how far in s and m, how it fared clean and otherwise.

    ``slices`` are those that it belongs to.
    """

    clip: str
    track: str
    frame: int
    time_s: float
    distance_m: float | None
    seen: bool
    label: str | None
    outcomes: Sequence[Outcome]
    slices: Sequence[Slice] = ()


class _Course:
    """How one target fares under one condition over the frames of its scene."""

    def __init__(self, voting: Voting) -> None:
        self.n = self.seen = self.seen_clean = self.lost = 0
        self.watch = Watch(voting)
        self._first: str | None = None
        self._before: str | None = None
        self._since_first = self._since_previous = 0

    def add(self, glimpse: Glimpse, seen: bool, label: str | None) -> None:
        if self.n:
            self._since_first += label != self._first
            self._since_previous += label != self._before
        else:
            self._first = label
        self._before = label
        self.n, self.seen = self.n + 1, self.seen + seen
        self.seen_clean += glimpse.seen
        self.lost += glimpse.seen and not seen
        self.watch.look(Look(glimpse.time_s, glimpse.distance_m, seen))

    def flips(self, kind: str) -> Flips:
        changed = self._since_first if against(kind) == "first" else self._since_previous
        return Flips(changed, self.n - 1)


@dataclass
class _Scene:
    """What a scene holds so far. ``broken`` counts its targets by where they were first lost."""

    last: int
    courses: dict[CellKey, _Course] = field(default_factory=dict)
    broken: dict[str, Counter[float | None]] = field(default_factory=dict)
    slices: dict[tuple[str, Slice], list[int]] = field(default_factory=dict)

    def add(self, glimpse: Glimpse, voting: Voting, even: frozenset[str]) -> None:
        self.last = glimpse.frame
        self._course(CLEAN, voting).add(glimpse, glimpse.seen, glimpse.label)
        kinds: dict[str, list[int]] = {"clean": [int(glimpse.seen), 1]}
        for key, seen, label in glimpse.outcomes:
            self._course(key, voting).add(glimpse, seen, label)
            if key.kind in even:
                grow(kinds.setdefault(key.kind, [0, 0]), (int(seen), 1))
                grow(kinds.setdefault("perturbed", [0, 0]), (int(seen), 1))
        if glimpse.seen:
            losses = first_losses(
                (key.kind, key.severity, seen) for key, seen, _ in glimpse.outcomes
            )
            for kind, at in losses.items():
                self.broken.setdefault(kind, Counter())[at] += 1
        for own in glimpse.slices:
            for kind, counts in kinds.items():
                grow(self.slices.setdefault((kind, own), [0, 0]), counts)

    def _course(self, key: CellKey, voting: Voting) -> _Course:
        if key not in self.courses:
            self.courses[key] = _Course(voting)
        return self.courses[key]


class SceneTally:
    """Sums over scenes, by condition (``CLEAN`` among them): what intervals and systems need.

    ``even`` are the kinds of which all targets meet the same severities: only these, and the clean
    frames, are counted by slice and followed over approaches. ``seen`` sums how targets fared,
    ``lost`` which of those seen clean were lost; ``broken`` counts scenes per kind by where their
    targets were first lost. ``approaches`` and ``flips`` are of tracks with two frames or more.
    Call ``close`` at the end.
    """

    def __init__(self, even: frozenset[str] = frozenset(), voting: Voting | None = None) -> None:
        self.even = even
        self.voting = voting or Voting()
        self.slices = SliceTally()
        self.approaches: dict[CellKey, Approaches] = {}
        self.flips: dict[CellKey, Flips] = {}
        self.broken: dict[str, Counter[Losses]] = {}
        self._seen: dict[CellKey, list[int]] = {}
        self._lost: dict[CellKey, list[int]] = {}
        self._clip = ""
        self._tracks: dict[str, _Scene] = {}
        self._frames = (-1, -1)
        self._scenes = 0

    def add(self, glimpses: Iterable[Glimpse]) -> None:
        """Take the targets of one frame."""
        for glimpse in glimpses:
            if glimpse.clip != self._clip:
                self.close()
                self._clip, self._frames = glimpse.clip, (glimpse.frame, glimpse.frame)
            self._frames = self._frames[0], glimpse.frame
            self._over(before=glimpse.frame - GONE)
            scene = self._tracks.setdefault(glimpse.track, _Scene(glimpse.frame))
            scene.add(glimpse, self.voting, self.even)

    def close(self) -> None:
        """All scenes in view are over."""
        if self._frames[0] == self._frames[1]:
            self._settle(list(self._tracks.values()))
        else:
            for scene in self._tracks.values():
                self._settle([scene])
        self._tracks = {}

    def seen(self, key: CellKey) -> Sums:
        """Of all targets under a condition, those seen."""
        return Sums(*self._seen.get(key, ()))

    def lost(self, key: CellKey) -> Sums:
        """Of the targets seen clean, those lost under a condition."""
        return Sums(*self._lost.get(key, ()))

    def _over(self, before: int) -> None:
        for track in [name for name, scene in self._tracks.items() if scene.last < before]:
            self._settle([self._tracks.pop(track)])

    def _settle(self, scenes: Sequence[_Scene]) -> None:
        """Count scenes as one: a track, or all the targets of a photo."""
        courses: dict[CellKey, list[_Course]] = {}
        broken: dict[str, Counter[float | None]] = {}
        for scene in scenes:
            for key, course in scene.courses.items():
                courses.setdefault(key, []).append(course)
            for kind, counts in scene.broken.items():
                broken.setdefault(kind, Counter()).update(counts)
        for key, own in courses.items():
            _sum(self._seen, key, sum(c.seen for c in own), sum(c.n for c in own))
            _sum(self._lost, key, sum(c.lost for c in own), sum(c.seen_clean for c in own))
            if own[0].n > 1 and (key == CLEAN or key.kind in self.even):
                self._follow(key, own[0])
        for kind, counts in broken.items():
            self.broken.setdefault(kind, Counter())[_ordered(counts)] += 1
        self._scenes += bool(scenes)
        for scene in scenes:
            for (kind, slice_), (seen, n) in scene.slices.items():
                self.slices.add((slice_,), kind, str(self._scenes), seen, n)
        self.slices.settle()

    def _follow(self, key: CellKey, course: _Course) -> None:
        approach: Approach = course.watch.approach()
        self.approaches.setdefault(key, Approaches()).add(approach)
        before, own = self.flips.get(key, Flips(0, 0)), course.flips(key.kind)
        self.flips[key] = Flips(before.changed + own.changed, before.n + own.n)


def _sum(totals: dict[CellKey, list[int]], key: CellKey, k: int, n: int) -> None:
    if n:
        grow(totals.setdefault(key, [0] * len(Sums())), scene_sums(k, n))


def _ordered(counts: Mapping[float | None, int]) -> Losses:
    return tuple(sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or 0.0)))
