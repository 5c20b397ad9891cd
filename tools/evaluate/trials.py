"""One trial as a flat row: what ``trials.parquet`` holds, and what a report draws from."""

from __future__ import annotations

from typing import NamedTuple

from agent.values import Trial


class TrialRow(NamedTuple):
    """A trial's columns. Boxes are pixels; ``distance_m`` None where it is not known."""

    frame: int
    clip: str
    target: int
    track: str
    label: str
    distance_m: float | None
    x0: float | None
    y0: float | None
    x1: float | None
    y1: float | None
    kind: str
    severity: float
    level: int | None
    seed: int
    clean_seen: bool
    clean_label: str | None
    clean_confidence: float
    seen: bool
    seen_label: str | None
    confidence: float
    iou: float | None
    flipped: bool


def row_of(trial: Trial) -> TrialRow:
    """Flatten a trial; confidences are rounded to millionths."""
    target, region = trial.target, trial.target.region
    return TrialRow(
        frame=trial.frame,
        clip=trial.clip,
        target=target.number,
        track=target.track,
        label=target.label or "",
        distance_m=None if target.distance_m is None else round(target.distance_m, 3),
        x0=None if region is None else round(region.x0, 2),
        y0=None if region is None else round(region.y0, 2),
        x1=None if region is None else round(region.x1, 2),
        y1=None if region is None else round(region.y1, 2),
        kind=trial.condition.kind,
        severity=trial.condition.severity,
        level=trial.condition.level,
        seed=trial.condition.seed,
        clean_seen=trial.clean.seen,
        clean_label=trial.clean.label,
        clean_confidence=round(trial.clean.confidence, 6),
        seen=trial.perturbed.seen,
        seen_label=trial.perturbed.label,
        confidence=round(trial.perturbed.confidence, 6),
        iou=None if trial.perturbed.iou is None else round(trial.perturbed.iou, 4),
        flipped=trial.flipped,
    )
