"""Counters that add up exactly: any split of the work gives the same sums.

Confidences are kept as whole millionths, because sums of floats depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from agent.values import Sighting

MICRO: Final = 1_000_000


class CellKey(NamedTuple):
    """One condition as results list it."""

    kind: str
    severity: float
    level: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Counts of one condition (or of the clean frames, whose flips and drops are 0).

    ``n`` targets, ``correct`` of them seen, ``clean_correct`` seen on the clean frame, ``flips``
    seen clean and lost here, ``drop_micro`` the summed fall of confidence in millionths.
    ``frames`` inferences and ``phantoms`` in them. ``boxes`` targets were seen in both pictures, by
    a detector, and ``iou_micro`` is the summed fall of their boxes' IoU in millionths.
    """

    n: int = 0
    correct: int = 0
    clean_correct: int = 0
    flips: int = 0
    drop_micro: int = 0
    frames: int = 0
    phantoms: int = 0
    boxes: int = 0
    iou_micro: int = 0

    def __add__(self, other: Cell) -> Cell:
        # Field by field: astuple copies deeply, and cells are added by the thousand.
        return Cell(
            self.n + other.n,
            self.correct + other.correct,
            self.clean_correct + other.clean_correct,
            self.flips + other.flips,
            self.drop_micro + other.drop_micro,
            self.frames + other.frames,
            self.phantoms + other.phantoms,
            self.boxes + other.boxes,
            self.iou_micro + other.iou_micro,
        )


def cell_of(clean: Sighting, perturbed: Sighting) -> Cell:
    """The counts of one trial."""
    boxes, iou_micro = 0, 0
    if clean.seen and perturbed.seen and clean.iou is not None and perturbed.iou is not None:
        boxes, iou_micro = 1, round(clean.iou * MICRO) - round(perturbed.iou * MICRO)
    return Cell(
        n=1,
        correct=int(perturbed.seen),
        clean_correct=int(clean.seen),
        flips=int(clean.seen and not perturbed.seen),
        drop_micro=round(clean.confidence * MICRO) - round(perturbed.confidence * MICRO),
        boxes=boxes,
        iou_micro=iou_micro,
    )


def first_losses(trials: Iterable[tuple[str, float, bool]]) -> dict[str, float | None]:
    """Per kind the least severity at which a target was lost; None where it never was.

    ``trials`` are (kind, severity, still seen), in any order.
    """
    first: dict[str, float | None] = {}
    for kind, severity, seen in trials:
        before = first.setdefault(kind, None)
        if not seen and (before is None or severity < before):
            first[kind] = severity
    return first


class Tally:
    """Cells by condition, and per kind the severities at which targets were first lost.

    ``lost[kind]`` maps a severity (None: survived all that were tried) to a number of targets;
    only targets that were seen on the clean frame take part.
    """

    def __init__(self) -> None:
        self.clean = Cell()
        self.cells: dict[CellKey, Cell] = {}
        self.lost: dict[str, dict[float | None, int]] = {}

    def add(self, key: CellKey, cell: Cell) -> None:
        self.cells[key] = self.cells.get(key, Cell()) + cell

    def add_clean(self, cell: Cell) -> None:
        self.clean = self.clean + cell

    def add_losses(self, trials: Iterable[tuple[str, float, bool]]) -> None:
        """One clean-seen target's outcomes: (kind, severity, still seen) of all its trials."""
        for kind, lost_at in first_losses(trials).items():
            counts = self.lost.setdefault(kind, {})
            counts[lost_at] = counts.get(lost_at, 0) + 1

    def merge(self, other: Tally) -> None:
        """Add another tally's counts to this one."""
        self.clean = self.clean + other.clean
        for key, cell in other.cells.items():
            self.add(key, cell)
        for kind, counts in other.lost.items():
            mine = self.lost.setdefault(kind, {})
            for severity, count in counts.items():
                mine[severity] = mine.get(severity, 0) + count
