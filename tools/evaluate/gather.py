"""Sums examinations, in frame order: counts, scenes, and what was seen instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.metrics.counters import Cell, CellKey, Tally, cell_of
from agent.metrics.scenes import Glimpse, Outcome, SceneTally
from agent.metrics.worst_case import Survivors, survivors_of
from agent.session import Examination
from agent.values import Condition, Trial
from tools.evaluate.breakdown import Breakdown
from tools.evaluate.looked import Details


@dataclass
class Gathering:
    """The running sums of an evaluation.

    ``seen_again`` counts per kind the targets that were lost at one severity and seen at a greater
    one: harm that does not only grow. Call ``close`` when the last frame is in.
    """

    tally: Tally = field(default_factory=Tally)
    scenes: SceneTally = field(default_factory=SceneTally)
    breakdown: Breakdown = field(default_factory=Breakdown)
    survivors: Survivors = field(default_factory=Survivors)
    seen_again: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    targets: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    perturb_s: float = 0.0
    predict_s: float = 0.0

    def add(
        self, examination: Examination, details: Details | None = None, position: int = 0
    ) -> None:
        """Count one frame; ``position`` is its place in the data."""
        details = details or Details()
        self.frames += 1
        self.targets += len(examination.targets)
        self.skipped.update(examination.skipped)
        self.perturb_s += examination.perturb_s
        self.predict_s += examination.predict_s
        self._count(examination)
        self.breakdown.add(position, examination, details)
        self.scenes.add(_glimpses(examination, details))

    def close(self) -> None:
        """No more frames come."""
        self.scenes.close()

    def _count(self, examination: Examination) -> None:
        self.tally.add_clean(_clean_cell(examination))
        for inference in examination.inferences:
            cell = Cell(frames=1, phantoms=inference.phantoms)
            for trial in inference.trials:
                cell = cell + cell_of(trial.clean, trial.perturbed)
            self.tally.add(key_of(inference.condition), cell)
        for trials in by_target(examination).values():
            seen = [trial.perturbed.seen for trial in trials]
            self.survivors = self.survivors + survivors_of([trials[0].clean.seen, *seen])
            if trials[0].clean.seen:
                losses = [_outcome(trial) for trial in trials]
                self.tally.add_losses(losses)
                self.seen_again.update(_recovering(losses))


def key_of(condition: Condition) -> CellKey:
    """The row of results that a condition's trials are counted in."""
    return CellKey(condition.kind, condition.severity, condition.level)


def by_target(examination: Examination) -> dict[int, list[Trial]]:
    """A frame's trials by their target's number; targets that met no condition are left out."""
    found: dict[int, list[Trial]] = {}
    for inference in examination.inferences:
        for trial in inference.trials:
            found.setdefault(trial.target.number, []).append(trial)
    return found


def _outcome(trial: Trial) -> tuple[str, float, bool]:
    return trial.condition.kind, trial.condition.severity, trial.perturbed.seen


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


def _glimpses(seen: Examination, details: Details) -> Iterator[Glimpse]:
    trials = by_target(seen)
    for target, clean in zip(seen.targets, seen.clean, strict=True):
        yield Glimpse(
            clip=seen.clip,
            track=target.track,
            frame=seen.frame,
            time_s=details.time_s,
            distance_m=target.distance_m,
            seen=clean.seen,
            label=clean.label,
            outcomes=[
                Outcome(key_of(t.condition), t.perturbed.seen, t.perturbed.label)
                for t in trials.get(target.number, ())
            ],
            slices=details.slices[target.number] if details.slices else (),
        )
