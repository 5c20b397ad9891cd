"""Keeps the targets that only one of the models lost, and paints their pictures anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.cameras import RecordedCamera
from agent.session import Session
from agent.values import Condition, Frame, Sighting
from tools.compare.comparison import ChangedTarget, Changes, Saw
from tools.compare.duel import Bout, Pair
from tools.report.exhibit import Exhibit

LISTED: Final = 200
"""Targets that are listed of each kind; all are counted."""
SHOWN: Final = 3
"""Pictures of each kind that a page is offered."""
CLEAN: Final = "clean"


@dataclass(frozen=True)
class Change:
    """A target that one model lost, and where to read its frame again."""

    pair: Pair
    position: int
    clip: str
    frame: int
    source: str

    @property
    def kind(self) -> str:
        return self.pair.condition.kind if self.pair.condition else CLEAN

    @property
    def severity(self) -> float:
        return self.pair.condition.severity if self.pair.condition else 0.0

    @property
    def rank(self) -> tuple[float, float, int, int]:
        """Mildest first; among equals what both models were surest of on the clean frame."""
        sure = min(self.pair.clean_a.confidence, self.pair.clean_b.confidence)
        if self.pair.condition is None:
            sure = max(self.pair.a.confidence, self.pair.b.confidence)
        return self.severity, -sure, self.position, self.pair.target.number


class Changed:
    """One direction: targets that ``holds`` of, at their mildest severity per kind."""

    def __init__(self, holds: Callable[[Pair], bool]) -> None:
        self._holds = holds
        self._kept: dict[str, list[Change]] = {}
        self.count = 0

    def add(self, position: int, bout: Bout) -> None:
        """Consider one frame; ``position`` is where the camera reads it again."""
        mildest: dict[tuple[str, int], Change] = {}
        for look in bout.looks:
            for pair in filter(self._holds, look.pairs):
                change = Change(pair, position, bout.clip, bout.frame, bout.source)
                key = change.kind, pair.target.number
                mildest[key] = min(change, mildest.get(key, change), key=lambda c: c.severity)
        self.count += len(mildest)
        for change in mildest.values():
            kept = self._kept.setdefault(change.kind, [])
            kept.append(change)
            if len(kept) > 2 * LISTED:
                self._kept[change.kind] = _first(kept)

    def listed(self) -> list[Change]:
        """The first of each kind, all kinds by severity."""
        kept = [change for changes in self._kept.values() for change in _first(changes)]
        return sorted(kept, key=lambda change: change.rank)

    def shown(self) -> list[Change]:
        """A few of each kind, kinds in turn; no frame twice under one kind, nor at all while there
        are others."""
        waiting = {kind: _first(self._kept[kind]) for kind in sorted(self._kept)}
        used: set[int] = set()
        turns: list[Change] = []
        for _ in range(SHOWN):
            turn = []
            for kind, changes in waiting.items():
                if not changes:
                    continue
                chosen = next((c for c in changes if c.position not in used), changes[0])
                used.add(chosen.position)
                waiting[kind] = [c for c in changes if c.position != chosen.position]
                turn.append(chosen)
            turns += sorted(turn, key=lambda change: change.rank)
        return turns


def newly_broken() -> Changed:
    """Seen by A, lost by B."""
    return Changed(_only(lambda pair: (pair.a, pair.b)))


def newly_seen() -> Changed:
    """Seen by B, lost by A."""
    return Changed(_only(lambda pair: (pair.b, pair.a)))


def _only(order: Callable[[Pair], tuple[Sighting, Sighting]]) -> Callable[[Pair], bool]:
    def holds(pair: Pair) -> bool:
        keeps, loses = order(pair)
        # What one of them misses on the clean frame is listed there, and is not newly lost.
        fair = pair.condition is None or (pair.clean_a.seen and pair.clean_b.seen)
        return keeps.seen and not loses.seen and fair

    return holds


def _first(changes: list[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: change.rank)[:LISTED]


def as_changes(changed: Changed, units: Callable[[Condition], str]) -> Changes:
    """The list as the contract has it."""
    return Changes(
        count=changed.count,
        listed=[
            ChangedTarget(
                clip=change.clip,
                frame=change.frame,
                source=change.source,
                target=change.pair.target.number,
                label=change.pair.target.label or "",
                distance_m=change.pair.target.distance_m,
                kind=change.kind,
                severity=change.severity,
                level=change.pair.condition.level if change.pair.condition else None,
                units=units(change.pair.condition) if change.pair.condition else "",
                a=_saw(change.pair.a),
                b=_saw(change.pair.b),
            )
            for change in changed.listed()
        ],
    )


def _saw(sighting: Sighting) -> Saw:
    iou = None if sighting.iou is None else round(sighting.iou, 4)
    return Saw(
        seen=sighting.seen,
        label=sighting.label,
        confidence=round(sighting.confidence, 6),
        iou=iou,
    )


def painted(change: Change, camera: RecordedCamera, session: Session) -> tuple[Exhibit, Exhibit]:
    """The change as A and as B saw it: the same pictures, other sightings."""
    frame, pair = camera.read(change.position), change.pair
    pixels = frame.pixels
    if pair.condition is not None:
        pixels = session.picture(frame, pair.condition, pair.placed)

    def seen_by(clean: Sighting, perturbed: Sighting) -> Exhibit:
        return Exhibit(
            kind=change.kind,
            severity=change.severity,
            units=session.perturber.units(pair.condition) if pair.condition else "",
            label=pair.target.label or "",
            caption=_where(frame, pair),
            clean_pixels=frame.pixels,
            perturbed_pixels=pixels,
            clean=clean,
            perturbed=perturbed,
            region=pair.target.region,
            quad=pair.target.quad,
        )

    return seen_by(pair.clean_a, pair.a), seen_by(pair.clean_b, pair.b)


def _where(frame: Frame, pair: Pair) -> str:
    place = frame.source or f"{frame.clip}, frame {frame.index}"
    distance = pair.target.distance_m
    return place if distance is None else f"{place}, {distance:.0f} m before the sign"
