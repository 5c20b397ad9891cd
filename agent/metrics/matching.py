"""From a prediction to how each target fares, for classifiers and detectors alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from agent.values import Box, Detection, Prediction, Sighting, Target

IOU_FOUND: Final = 0.5
"""Overlap at which a detection counts as the target: the Pascal VOC criterion."""

IOU_BACKGROUND: Final = 0.1
"""Overlap below which a detection has nothing to do with a target (TIDE, Bolya et al. 2020)."""


def sight(
    prediction: Prediction, targets: Sequence[Target], interest: frozenset[str] = frozenset()
) -> tuple[tuple[Sighting, ...], tuple[Detection, ...]]:
    """How each target fares, in order, and the phantoms: detections where no target is.

    A loose or second box on a target, or another label in its place, is no phantom: something is
    there.
    A classifier's phantom is a label of ``interest`` seen in a frame without targets; its box is
    empty. A detection serves one target at most; pairs of the right label
    are made first, highest score first, as in the VOC protocol (Everingham et al. 2010).
    """
    if prediction.scores is not None:
        phantoms = () if targets else _false_label(prediction, interest)
        return tuple(_classified(prediction, target) for target in targets), phantoms
    return _detected(prediction.detections, [t for t in targets if t.label is not None], targets)


def _false_label(prediction: Prediction, interest: frozenset[str]) -> tuple[Detection, ...]:
    assert prediction.scores is not None
    top = int(np.argmax(prediction.scores))
    label = prediction.labels[top]
    score = float(prediction.scores[top])
    return (Detection(label, score, Box(0, 0, 0, 0)),) if label in interest else ()


def _classified(prediction: Prediction, target: Target) -> Sighting:
    assert prediction.scores is not None
    top = prediction.labels[int(np.argmax(prediction.scores))]
    if target.label in prediction.labels:
        own = float(prediction.scores[prediction.labels.index(target.label)])
    else:
        own = 0.0
    return Sighting(seen=top == target.label, label=top, confidence=own)


def _detected(
    detections: Sequence[Detection], real: Sequence[Target], targets: Sequence[Target]
) -> tuple[tuple[Sighting, ...], tuple[Detection, ...]]:
    found: dict[int, Detection] = {}
    phantoms: list[Detection] = []
    for detection in sorted(detections, key=lambda item: -item.score):
        best = _best(detection, [t for t in real if t.number not in found])
        if best is not None:
            found[best.number] = detection
        elif is_background(detection, real):
            phantoms.append(detection)
    sightings = []
    for target in targets:
        detection_found = found.get(target.number)
        sightings.append(
            _found(detection_found, target) if detection_found else _lost(target, detections)
        )
    return tuple(sightings), tuple(phantoms)


def is_background(detection: Detection, targets: Iterable[Target]) -> bool:
    """Whether a detection has nothing to do with any target."""
    return all(_overlap(detection, target) < IOU_BACKGROUND for target in targets)


def _best(detection: Detection, free: Sequence[Target]) -> Target | None:
    """The free target of the detection's label that it overlaps most, if enough."""
    same = [t for t in free if t.label == detection.label and t.region is not None]
    if not same:
        return None
    best = max(same, key=lambda t: _overlap(detection, t))
    return best if _overlap(detection, best) >= IOU_FOUND else None


def _overlap(detection: Detection, target: Target) -> float:
    return detection.box.iou(target.region) if target.region is not None else 0.0


def _found(detection: Detection, target: Target) -> Sighting:
    return Sighting(
        True, detection.label, detection.score, _overlap(detection, target), detection.box
    )


def _lost(target: Target, detections: Sequence[Detection]) -> Sighting:
    """What overlaps the lost target best, if anything does; its own label counts for nothing."""
    near = max(detections, key=lambda item: _overlap(item, target), default=None)
    if near is None or _overlap(near, target) < IOU_FOUND:
        iou = 0.0 if near is None else _overlap(near, target)
        return Sighting(False, None, 0.0, iou)
    own = near.score if near.label == target.label else 0.0
    return Sighting(False, near.label, own, _overlap(near, target), near.box)
