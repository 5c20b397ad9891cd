"""Average precision of a detector, clean and under corruption, as results tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from agent.metrics.average_precision import AveragePrecision, under_corruption
from tools.evaluate.sections import Section, rounded


class DetectionFigures(Section):
    """Average precision as COCO defines it, of the detections above the card's score threshold.

    ``average_precision`` is the mean over IoU .50 to .95 on clean frames, ``labels`` each label's
    own. ``under_corruption`` is mPC, the mean over kinds and severities, ``relative`` rPC, its
    share of the clean one; None for a search. ``frames`` frames were counted, a sample of large
    data.
    """

    average_precision: float
    ap50: float
    ap75: float
    labels: dict[str, float] = Field(default_factory=dict)
    under_corruption: float | None = None
    relative: float | None = None
    frames: int


def detection_figures(
    clean: AveragePrecision, corrupted: Mapping[str, Sequence[float]], frames: int
) -> DetectionFigures:
    """``corrupted``: each kind's average precisions by severity; empty where it has no meaning."""
    under = under_corruption(clean.ap, corrupted) if corrupted else None
    return DetectionFigures(
        average_precision=round(clean.ap, 6),
        ap50=round(clean.ap50, 6),
        ap75=round(clean.ap75, 6),
        labels={label: round(value, 6) for label, value in clean.labels.items()},
        under_corruption=None if under is None else rounded(under.mean),
        relative=None if under is None else rounded(under.relative),
        frames=frames,
    )
