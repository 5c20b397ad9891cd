"""Put the stop sign's score where 0.5 is the best place to cut, told by unseen drawn scenes.

The heat loss leaves scores low where a centre falls between cells; a constant added to the
logit moves them all and changes no ranking (the bias of Platt's scaling, Platt 1999).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.demo.drawing import draw_scene
from tools.demo.measure import Detector, is_false, signs

SCENES = 700
_FAINT = 0.1
_FOUND = 0.5


def calibrate(model: Any, card: Path, seed: int, count: int = SCENES) -> float:
    """Shift the model's stop-sign logit in place; the score that was best to cut at before.

    `card` is of a file exported from the model as it is; scenes 0 .. count - 1 of `seed` must
    not have been trained on.
    """
    threshold = best_threshold(*scored(Detector(card, _FAINT), seed, count))
    logits = model.get_layer("logits")
    kernel, bias = logits.get_weights()
    bias[0] -= math.log(threshold / (1 - threshold))
    logits.set_weights([kernel, bias])
    return threshold


def scored(
    detector: Detector, seed: int, count: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Scores of detections (M,), whether each is right (M,), and how many signs there are."""
    scores: list[float] = []
    right: list[bool] = []
    wanted = 0
    for index in range(count):
        scene = draw_scene(seed, index)
        free = signs(scene)
        wanted += len(free)
        for found in detector.find(scene.pixels):
            match = max(free, key=found.box.iou, default=None)
            if match is not None and found.box.iou(match) >= _FOUND:
                free.remove(match)
                scores, right = [*scores, found.score], [*right, True]
            elif is_false(scene, found.box):
                scores, right = [*scores, found.score], [*right, False]
    return np.asarray(scores), np.asarray(right, bool), wanted


def best_threshold(scores: NDArray[np.float64], right: NDArray[np.bool_], wanted: int) -> float:
    """The threshold in [0.1, 0.9], in steps of 0.01, with the highest F1; the middle of ties."""
    cuts = np.arange(10, 91) / 100
    hits = np.array([np.sum(right & (scores >= cut)) for cut in cuts])
    found = np.array([np.sum(scores >= cut) for cut in cuts])
    f1 = 2 * hits / np.maximum(found + wanted, 1)
    return float(np.median(cuts[f1 >= f1.max() - 1e-12]))
