"""Calibration as results tell it."""

from __future__ import annotations

from agent.metrics.calibration import Calibration
from tools.evaluate.sections import Section, rounded


class CalibrationBin(Section):
    """Answers with a confidence in (low, high]: how many, their mean confidence, share right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


class CalibrationFigures(Section):
    """Of ``n`` answers: the expected calibration error over 15 bins, and mean confidence less
    accuracy (above 0 the model promises too much); None without answers."""

    n: int
    expected_error: float | None
    overconfidence: float | None
    bins: list[CalibrationBin]


def calibration_figures(calibration: Calibration) -> CalibrationFigures:
    """The counts as figures."""
    return CalibrationFigures(
        n=sum(calibration.n),
        expected_error=rounded(calibration.expected_error),
        overconfidence=rounded(calibration.overconfidence),
        bins=[
            CalibrationBin(
                low=round(b.low, 6),
                high=round(b.high, 6),
                n=b.n,
                confidence=round(b.confidence, 6),
                accuracy=round(b.accuracy, 6),
            )
            for b in calibration.bins()
        ],
    )
