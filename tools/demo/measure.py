"""Measure a model card's stop signs where `fieldproof evaluate` has no data for it: on drawn
scenes by size, and on crops padded to several sizes.

    python -m tools.demo.measure CARD --drawn 400 --crops FOLDER
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from agent.card import ModelCard
from agent.models._load import load_model
from agent.values import Box, Detection, Pixels
from tools.demo.drawing import IGNORE, Scene, draw_scene

_PAD = 114
_FOUND = 0.5
_BESIDE = 0.1
_WIDTHS = ((16, "8-16 px"), (32, "16-32 px"), (64, "32-64 px"), (float("inf"), "64 px up"))


class Detector:
    """A card's model at a threshold of one's own; keeps the time that each picture took."""

    def __init__(self, card: Path, threshold: float = 0.5) -> None:
        given = ModelCard.read(card)
        output = given.output.model_copy(update={"score_threshold": threshold})
        self._model = load_model(given.model_copy(update={"output": output}))
        self.milliseconds: list[float] = []

    def find(self, picture: Pixels) -> tuple[Detection, ...]:
        """Stop signs in a uint8 RGB picture (H, W, 3), best first."""
        start = time.perf_counter()
        answer = self._model.predict(picture)
        self.milliseconds.append((time.perf_counter() - start) * 1e3)
        return answer.detections


def crops(detector: Detector, folder: Path, share: float) -> dict[str, int]:
    """Crops in which a sign is found, each padded with grey to be `share` of the canvas' side."""
    counts = {"crops": 0, "found": 0}
    for file in sorted(folder.glob("*.png")):
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{file}: no picture that OpenCV can read")
        height, width = picture.shape[:2]
        side = round(max(height, width) / share)
        canvas = np.full((side, side, 3), _PAD, np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        canvas[top : top + height, left : left + width] = picture[..., ::-1]
        counts["crops"] += 1
        counts["found"] += bool(detector.find(canvas))
    return counts


def drawn(detector: Detector, seed: int, count: int) -> dict[str, int]:
    """Stop signs present and found by width in px, and false detections, on drawn scenes."""
    counts = {"scenes": count, "false": 0}
    for index in range(count):
        scene = draw_scene(seed, index)
        found = detector.find(scene.pixels)
        for box in signs(scene):
            width = next(name for limit, name in _WIDTHS if box.width < limit)
            hit = any(box.iou(other.box) >= _FOUND for other in found)
            counts[f"{width}: signs"] = counts.get(f"{width}: signs", 0) + 1
            counts[f"{width}: found"] = counts.get(f"{width}: found", 0) + hit
        counts["false"] += sum(is_false(scene, other.box) for other in found)
    return dict(sorted(counts.items()))


def signs(scene: Scene) -> list[Box]:
    """The boxes of a scene's stop signs."""
    return [Box(*map(float, box)) for box in scene.boxes[scene.labels == 0]]


def is_false(scene: Scene, box: Box) -> bool:
    """Whether a detection lies where neither a stop sign nor anything to be ignored is."""
    allowed = scene.boxes[(scene.labels == 0) | (scene.labels == IGNORE)]
    return all(box.iou(Box(*map(float, other))) < _BESIDE for other in allowed)


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card", type=Path)
    parser.add_argument("--crops", type=Path, help="folder of PNG crops, each of one stop sign")
    parser.add_argument("--drawn", type=int, default=0, help="scenes to draw, not those trained on")
    parser.add_argument("--seed", type=int, default=1009, help="seed of those scenes")
    parser.add_argument("--threshold", type=float, default=0.5)
    options = parser.parse_args()
    console, detector = Console(), Detector(options.card, options.threshold)
    for share in (0.5, 0.6, 0.7, 1.0) if options.crops else ():
        console.print(f"crops {share}", crops(detector, options.crops, share))
    if options.drawn:
        console.print("drawn", drawn(detector, options.seed, options.drawn))
    times = detector.milliseconds or [float("nan")]
    console.print(f"a picture: median {np.median(times):.1f} ms, least {min(times):.1f} ms")


if __name__ == "__main__":
    main()
