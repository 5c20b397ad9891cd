"""Records from the values of the loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.record._rows import PhantomRecord, TrialRecord

if TYPE_CHECKING:  # values need numpy, which a collector can do without
    from agent.values import Condition, Trial


def trial_record(trial: Trial, session: str) -> TrialRecord:
    """A trial as a record: numbers rounded to what they are worth, long names cut in front."""
    target, condition = trial.target, trial.condition
    parts = tuple((part.kind[-256:], round(part.severity, 6)) for part in condition.parts)
    return TrialRecord(
        session=session,
        frame=trial.frame,
        clip=trial.clip[-1024:],
        target=(target.label or "")[-256:],
        number=target.number,
        track=target.track[-256:],
        distance_m=_rounded(target.distance_m, 2),
        width_px=_rounded(None if target.region is None else target.region.width, 1),
        from_truth=target.from_truth,
        condition=condition.kind[-256:],
        severity=round(condition.severity, 6),
        level=condition.level,
        parts=parts if len(parts) > 1 or condition.name else (),
        seed=condition.seed,
        clean_seen=trial.clean.seen,
        clean_label=_cut(trial.clean.label),
        clean_confidence=_share(trial.clean.confidence, 4),
        perturbed_seen=trial.perturbed.seen,
        perturbed_label=_cut(trial.perturbed.label),
        perturbed_confidence=_share(trial.perturbed.confidence, 4),
        iou=_share(trial.perturbed.iou, 3),
        flip=trial.flipped,
        placement=target.placement if condition.per_target else "",
        remark=trial.remark,
    )


def phantom_record(
    session: str, frame: int, clip: str, condition: Condition | None, count: int
) -> PhantomRecord:
    """``count`` >= 1 phantoms under a condition; None is the clean frame."""
    if condition is None:
        return PhantomRecord(session=session, frame=frame, clip=clip[-1024:], count=count)
    return PhantomRecord(
        session=session,
        frame=frame,
        clip=clip[-1024:],
        condition=condition.kind[-256:],
        severity=round(condition.severity, 6),
        level=condition.level,
        count=count,
    )


def _rounded(value: float | None, digits: int) -> float | None:
    """None for what is unknown or, as from a broken model, not a number."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def _share(value: float | None, digits: int) -> float | None:
    """Cut to [0, 1]: a quantised output's own scale may overshoot a little."""
    rounded = _rounded(value, digits)
    return None if rounded is None else min(1.0, max(0.0, rounded))


def _cut(label: str | None) -> str | None:
    return None if label is None else label[-256:]
