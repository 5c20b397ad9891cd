"""Calibration: of all answers given with confidence .8, are 80 % right?

Expected calibration error over 15 bins of equal width. Source: Guo et al., "On Calibration of
Modern Neural Networks" (ICML 2017); for a detector, whose answers are its detections: Küppers et
al., "Multivariate Confidence Calibration for Object Detection" (CVPR workshops 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.metrics.counters import MICRO
from agent.values import Prediction, Sighting

BINS: Final = 15


class Bin(NamedTuple):
    """Answers with a confidence in (low, high]: how many, their mean confidence, share right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass
class Calibration:
    """For each of the 15 bins: answers, their confidences summed in millionths, and those right.

    An answer is a classifier's top label with its score, or one detection with its score; it is
    right where the label is (a detector: at IoU >= 0.5). Below a detector's score threshold there
    are no answers, so its calibration is known above it only.
    """

    n: list[int] = field(default_factory=lambda: [0] * BINS)
    confidence_micro: list[int] = field(default_factory=lambda: [0] * BINS)
    correct: list[int] = field(default_factory=lambda: [0] * BINS)

    def add(self, confidence: float, right: bool) -> None:
        """Count one answer. Raises ``ValueError`` for a confidence outside [0, 1]."""
        if not 0 <= confidence <= 1:
            raise ValueError(f"a confidence lies in [0, 1], got {confidence}")
        micro = round(confidence * MICRO)
        # The bin (i / 15, (i + 1) / 15] in whole numbers; 0 falls into the first.
        place = max(0, (micro * BINS + MICRO - 1) // MICRO - 1)
        self.n[place] += 1
        self.confidence_micro[place] += micro
        self.correct[place] += right

    def merge(self, other: Calibration) -> None:
        """Add another's answers to these."""
        for place in range(BINS):
            self.n[place] += other.n[place]
            self.confidence_micro[place] += other.confidence_micro[place]
            self.correct[place] += other.correct[place]

    def bins(self) -> tuple[Bin, ...]:
        """The bins that hold answers: the points of a reliability diagram."""
        rows = zip(self.n, self.confidence_micro, self.correct, strict=True)
        return tuple(
            Bin(i / BINS, (i + 1) / BINS, n, micro / n / MICRO, right / n)
            for i, (n, micro, right) in enumerate(rows)
            if n
        )

    @property
    def expected_error(self) -> float | None:
        """ECE in [0, 1]: the mean of |accuracy - confidence| over answers; None without any.

        Few answers make it large by chance alone: with 15 bins, a perfect model's is near .06
        after 500 answers.
        """
        gaps = zip(self.confidence_micro, self.correct, strict=True)
        whole = sum(self.n)
        if not whole:
            return None
        return sum(abs(right * MICRO - micro) for micro, right in gaps) / whole / MICRO

    @property
    def overconfidence(self) -> float | None:
        """Mean confidence less accuracy, in [-1, 1]: above 0 the model promises too much."""
        whole = sum(self.n)
        if not whole:
            return None
        return (sum(self.confidence_micro) - sum(self.correct) * MICRO) / whole / MICRO


def answers_of(
    prediction: Prediction, sightings: Sequence[Sighting]
) -> tuple[tuple[float, bool], ...]:
    """A prediction's answers as (confidence, right), given how its targets fared in it.

    A classifier answers each target with its top label; a detector's answers are its detections,
    of which those are right that a target was seen by.
    """
    if prediction.scores is not None:
        top = float(prediction.scores.max())
        return tuple((top, sighting.seen) for sighting in sightings)
    right = Counter((s.label, s.confidence, s.box) for s in sightings if s.seen)
    answers = []
    for detection in prediction.detections:
        own = (detection.label, detection.score, detection.box)
        answers.append((detection.score, right[own] > 0))
        right[own] -= 1
    return tuple(answers)
