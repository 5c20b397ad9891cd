"""Who saw what: counts that add up exactly, whatever way the frames are split."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agent.metrics.counters import CellKey
from tools.compare.clips import ClipCounts
from tools.compare.duel import Bout, Look
from tools.evaluate.gather import key_of


@dataclass
class PairedCell:
    """One row's counts: each model's, and per clip how often only one of them saw the target."""

    correct_a: int = 0
    correct_b: int = 0
    frames: int = 0
    phantoms_a: int = 0
    phantoms_b: int = 0
    clips: dict[str, ClipCounts] = field(default_factory=dict)

    def add(self, clip: str, look: Look) -> None:
        """Count one picture."""
        self.frames += 1
        self.phantoms_a += look.phantoms_a
        self.phantoms_b += look.phantoms_b
        won = sum(pair.b.seen and not pair.a.seen for pair in look.pairs)
        lost = sum(pair.a.seen and not pair.b.seen for pair in look.pairs)
        self.correct_a += sum(pair.a.seen for pair in look.pairs)
        self.correct_b += sum(pair.b.seen for pair in look.pairs)
        if look.pairs:
            self._count(clip, ClipCounts(won, lost, len(look.pairs)))

    def merge(self, other: PairedCell) -> None:
        """Add another cell's counts to this one."""
        self.correct_a += other.correct_a
        self.correct_b += other.correct_b
        self.frames += other.frames
        self.phantoms_a += other.phantoms_a
        self.phantoms_b += other.phantoms_b
        for clip, counts in other.clips.items():
            self._count(clip, counts)

    def _count(self, clip: str, counts: ClipCounts) -> None:
        self.clips[clip] = self.clips.get(clip, ClipCounts()).plus(counts)


@dataclass
class PairedSums:
    """The running sums of a comparison."""

    clean: PairedCell = field(default_factory=PairedCell)
    cells: dict[CellKey, PairedCell] = field(default_factory=dict)
    unpaired: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    perturb_s: float = 0.0
    predict_s: float = 0.0

    def add(self, bout: Bout) -> None:
        """Count one frame."""
        self.frames += 1
        self.unpaired.update(bout.unpaired)
        self.perturb_s += bout.perturb_s
        self.predict_s += bout.predict_s
        for look in bout.looks:
            if look.condition is None:
                self.clean.add(bout.clip, look)
            else:
                self.cells.setdefault(key_of(look.condition), PairedCell()).add(bout.clip, look)

    def merge(self, other: PairedSums) -> None:
        """Add another's counts to these."""
        self.clean.merge(other.clean)
        for key, cell in other.cells.items():
            self.cells.setdefault(key, PairedCell()).merge(cell)
        self.unpaired.update(other.unpaired)
        self.frames += other.frames
        self.perturb_s += other.perturb_s
        self.predict_s += other.predict_s

    def kinds(self) -> dict[str, PairedCell]:
        """Each kind's severities in one cell, clip by clip."""
        kinds: dict[str, PairedCell] = {}
        for key, cell in self.cells.items():
            kinds.setdefault(key.kind, PairedCell()).merge(cell)
        return kinds
