"""What the detectors share: dropping doubles, and building detections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.values import Box, Detection

_MOST: Final = 1000  # candidates that compete; the weaker ones beyond are noise

Floats = NDArray[np.float32]
Classes = NDArray[np.int64]


def suppress(boxes: Floats, scores: Floats, classes: Classes, iou: float) -> NDArray[np.int64]:
    """Indices of the boxes that are kept, highest score first: greedy, class by class.

    Boxes (N, 4) left, top, right, bottom; a box goes when it overlaps a stronger one of its class
    by more than ``iou``.
    """
    order = np.argsort(-scores, kind="stable")[:_MOST]
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        doubles = (classes[rest] == classes[best]) & (_iou(boxes[best], boxes[rest]) > iou)
        order = rest[~doubles]
    return np.array(kept, np.int64)


def _iou(box: Floats, others: Floats) -> Floats:
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float32)


def from_centres(centres: Floats) -> Floats:
    """Boxes (N, 4) centre x, centre y, width, height -> left, top, right, bottom."""
    half = centres[:, 2:] / 2
    return np.concatenate([centres[:, :2] - half, centres[:, :2] + half], axis=1)


def detections(
    boxes: Floats, scores: Floats, classes: Classes, labels: Sequence[str]
) -> tuple[Detection, ...]:
    """Detections from boxes (N, 4) in frame pixels, highest score first; empty ones and those
    that are no numbers go."""
    order = np.argsort(-scores, kind="stable")
    return tuple(
        Detection(labels[int(classes[i])], float(scores[i]), Box(*map(float, boxes[i])))
        for i in order
        if boxes[i, 2] > boxes[i, 0] and boxes[i, 3] > boxes[i, 1] and np.isfinite(boxes[i]).all()
    )
