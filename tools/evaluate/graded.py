"""One picture's answers, graded against its targets: what calibration and precision are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.metrics.average_precision import Ranked, ranked
from agent.metrics.calibration import answers_of
from agent.metrics.matching import is_background
from agent.values import Prediction, Sighting, Target


@dataclass(frozen=True, slots=True)
class Graded:
    """``answers`` are (confidence, right), ``phantoms`` labels seen where no target is.

    ``ranked`` are a detector's answers as average precision needs them.
    """

    answers: tuple[tuple[float, bool], ...] = ()
    phantoms: tuple[str, ...] = ()
    ranked: tuple[Ranked, ...] = ()


def grade(
    answer: Prediction | None,
    targets: Sequence[Target],
    sightings: Sequence[Sighting],
    interest: frozenset[str],
) -> Graded:
    """Grade an answer, given how the frame's targets fare in it.

    ``interest`` are the labels whose false sighting by a classifier is a phantom.
    """
    if answer is None:
        return Graded()
    answers = answers_of(answer, sightings)
    if answer.scores is not None:
        top = answer.labels[int(answer.scores.argmax())]
        return Graded(answers, () if targets or top not in interest else (top,))
    there = [target for target in targets if target.label is not None]
    phantoms = tuple(
        detection.label
        for detection, (_, right) in zip(answer.detections, answers, strict=True)
        if not right and is_background(detection, there)
    )
    boxes = [(t.label, t.region) for t in there if t.label is not None and t.region is not None]
    return Graded(answers, phantoms, ranked(answer.detections, boxes))
