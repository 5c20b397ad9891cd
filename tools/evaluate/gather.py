"""Sums examinations, in frame order, into a tally, trial rows and counts of what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.metrics.counters import Cell, CellKey, Tally, cell_of
from agent.session import Examination
from agent.values import Condition


@dataclass
class Gathering:
    """The running sums of an evaluation.

    ``seen_again`` counts per kind the targets that were lost at one severity and seen at a greater
    one: harm that does not only grow.
    """

    tally: Tally = field(default_factory=Tally)
    seen_again: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    targets: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    perturb_s: float = 0.0
    predict_s: float = 0.0

    def add(self, examination: Examination) -> None:
        """Count one frame."""
        self.frames += 1
        self.targets += len(examination.targets)
        self.skipped.update(examination.skipped)
        self.perturb_s += examination.perturb_s
        self.predict_s += examination.predict_s
        self.tally.add_clean(_clean_cell(examination))
        losses: dict[int, list[tuple[str, float, bool]]] = {}
        for inference in examination.inferences:
            key = key_of(inference.condition)
            cell = Cell(frames=1, phantoms=inference.phantoms)
            for trial in inference.trials:
                cell = cell + cell_of(trial.clean, trial.perturbed)
                if trial.clean.seen:
                    losses.setdefault(trial.target.number, []).append(
                        (key.kind, key.severity, trial.perturbed.seen)
                    )
            self.tally.add(key, cell)
        for target_losses in losses.values():
            self.tally.add_losses(target_losses)
            self.seen_again.update(_recovering(target_losses))


def key_of(condition: Condition) -> CellKey:
    """The row of results that a condition's trials are counted in."""
    return CellKey(condition.kind, condition.severity, condition.level)


def _recovering(losses: Sequence[tuple[str, float, bool]]) -> set[str]:
    """Kinds under which a target was lost, and seen at a greater severity."""
    lost: dict[str, float] = {}
    for kind, severity, seen in losses:
        if not seen:
            lost[kind] = min(severity, lost.get(kind, severity))
    return {k for k, severity, seen in losses if seen and severity > lost.get(k, severity)}


def _clean_cell(examination: Examination) -> Cell:
    cell = Cell(frames=1, phantoms=examination.clean_phantoms)
    for sighting in examination.clean:
        cell = cell + cell_of(sighting, sighting)
    return cell
