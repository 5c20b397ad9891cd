"""Measure a bundled model file on photos: `python -m tools.demo.measure MODEL --voc FOLDER ...`.

Speaks to the runtime directly, so that it also runs where the agent is not installed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from tools.demo.drawing import IGNORE, draw_scene

Box = tuple[float, float, float, float]
Found = list[tuple[float, Box]]
_PAD = 114


class Detector:
    """One TFLite file of the model kind `centernet`, one thread; finds stop signs."""

    def __init__(self, file: Path) -> None:
        interpreter = _interpreter(str(file))
        self._run = interpreter.get_signature_runner("serving_default")
        self._input, detail = next(iter(self._run.get_input_details().items()))
        self._outputs = self._run.get_output_details()
        self.side = int(detail["shape"][1])
        self._whole = detail["dtype"] == np.uint8
        self.milliseconds: list[float] = []

    def find(self, picture: NDArray[np.uint8], threshold: float = 0.5) -> Found:
        """Stop signs in an RGB picture: (score, (x0, y0, x1, y1) in its pixels), best first."""
        square, scale, left, top = letterbox(picture, self.side)
        pixels = square[None] if self._whole else square[None].astype(np.float32) / 255
        start = time.perf_counter()
        answer = self._run(**{self._input: pixels})
        self.milliseconds.append((time.perf_counter() - start) * 1e3)
        heat, box = (self._real(answer, name)[0] for name in ("heat", "box"))
        stop = np.ascontiguousarray(heat[..., 0])
        peaks = (stop >= threshold) & (stop >= cv2.dilate(stop, np.ones((3, 3))))
        found: Found = []
        for row, column in np.argwhere(peaks):
            dx, dy, wide, tall = box[row, column]
            x, y = ((column + dx) * 8 - left) / scale, ((row + dy) * 8 - top) / scale
            half_w, half_h = 16 * np.exp(wide) / scale, 16 * np.exp(tall) / scale
            corners = float(x - half_w), float(y - half_h), float(x + half_w), float(y + half_h)
            found.append((float(stop[row, column]), corners))
        return _distinct(sorted(found, reverse=True))

    def _real(self, answer: dict[str, Any], name: str) -> NDArray[np.float32]:
        scale, zero = self._outputs[name]["quantization"]
        values = np.asarray(answer[name], np.float32)
        return values if scale == 0 else np.asarray((values - zero) * scale, np.float32)


def _interpreter(file: str) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    return Interpreter(file, num_threads=1)


def letterbox(picture: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], float, int, int]:
    """The picture within a grey square; also its scale and shift (x, y)."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (round(width * scale), round(height * scale))
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    square = np.full((side, side, 3), _PAD, np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[top : top + size[1], left : left + size[0]] = cv2.resize(
        picture, size, interpolation=way
    )
    return square, scale, left, top


def _distinct(found: Found) -> Found:
    """Drop what overlaps a better detection."""
    kept: Found = []
    for score, box in found:
        if all(overlap(box, other) < 0.5 for _, other in kept):
            kept.append((score, box))
    return kept


def overlap(first: Box, second: Box) -> float:
    """Intersection over union, 0..1."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    tall = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    both = wide * tall
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return both / (sum(areas) - both)


def voc(detector: Detector, folder: Path, threshold: float) -> dict[str, int]:
    """Signs present and found (IoU >= 0.5), false detections, photos, over a VOC folder."""
    counts = {"photos": 0, "signs": 0, "found": 0, "false": 0}
    for note in sorted(folder.glob("annotations/*.xml")):
        root = ElementTree.parse(note).getroot()
        picture = _read(folder / "images" / (root.findtext("filename") or ""))
        truths = [_truth(thing) for thing in root.iter("object") if _is_stop(thing)]
        found = detector.find(picture, threshold)
        hits = sum(any(overlap(box, truth) >= 0.5 for _, box in found) for truth in truths)
        stray = sum(all(overlap(box, truth) < 0.5 for truth in truths) for _, box in found)
        counts["photos"] += 1
        counts["signs"] += len(truths)
        counts["found"] += hits
        counts["false"] += stray
    return counts


def _is_stop(thing: ElementTree.Element) -> bool:
    return "stop" in (thing.findtext("name") or "").lower()


def _truth(thing: ElementTree.Element) -> Box:
    x0, y0, x1, y1 = (
        float(thing.findtext(f"bndbox/{k}") or 0) for k in ("xmin", "ymin", "xmax", "ymax")
    )
    return x0, y0, x1, y1


def _read(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{file}: no picture that OpenCV can read")
    return np.ascontiguousarray(picture[..., ::-1]).astype(np.uint8, copy=False)


def crops(detector: Detector, folder: Path, share: float, threshold: float) -> dict[str, int]:
    """Crops in which a sign is found, each padded with grey to be `share` of the canvas' side."""
    counts = {"crops": 0, "found": 0}
    for file in sorted(folder.glob("*.png")):
        picture = _read(file)
        side = round(max(picture.shape[:2]) / share)
        canvas = np.full((side, side, 3), _PAD, np.uint8)
        top, left = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
        canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        counts["crops"] += 1
        counts["found"] += bool(detector.find(canvas, threshold))
    return counts


def clip(detector: Detector, file: Path, threshold: float) -> dict[str, int]:
    """Frames of a clip, and those with any detection."""
    counts = {"frames": 0, "with a detection": 0}
    film = cv2.VideoCapture(str(file))
    while True:
        read, frame = film.read()
        if not read:
            return counts
        picture = np.ascontiguousarray(frame[..., ::-1]).astype(np.uint8, copy=False)
        counts["frames"] += 1
        counts["with a detection"] += bool(detector.find(picture, threshold))


def drawn(detector: Detector, seed: int, count: int, threshold: float) -> dict[str, int]:
    """Stop signs present and found by width in px, and false detections, on drawn scenes.

    Nothing is counted where a box is marked to be ignored.
    """
    counts = {"scenes": count, "false": 0}
    for index in range(count):
        scene = draw_scene(seed, index)
        found = detector.find(scene.pixels, threshold)
        known = [
            (_corners(box), int(label))
            for box, label in zip(scene.boxes, scene.labels, strict=True)
        ]
        for box, label in known:
            if label == 0:
                width = next(name for limit, name in _WIDTHS if box[2] - box[0] < limit)
                hit = any(overlap(box, other) >= 0.5 for _, other in found)
                counts[f"{width}: signs"] = counts.get(f"{width}: signs", 0) + 1
                counts[f"{width}: found"] = counts.get(f"{width}: found", 0) + hit
        allowed = [box for box, label in known if label in (0, IGNORE)]
        counts["false"] += sum(
            all(overlap(box, other) < 0.3 for other in allowed) for _, box in found
        )
    return dict(sorted(counts.items()))


_WIDTHS = ((16, "8-16 px"), (32, "16-32 px"), (64, "32-64 px"), (float("inf"), "64 px up"))


def _corners(box: NDArray[np.float32]) -> Box:
    x0, y0, x1, y1 = (float(edge) for edge in box)
    return x0, y0, x1, y1


def main() -> None:
    """Print the figures for the folders given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--voc", type=Path, help="folder with images/ and VOC annotations/")
    parser.add_argument("--crops", type=Path, help="folder of PNG crops, each of one stop sign")
    parser.add_argument("--clip", type=Path, help="video without stop signs")
    parser.add_argument("--drawn", type=int, default=0, help="scenes to draw, not those trained on")
    parser.add_argument("--seed", type=int, default=1009, help="seed of those scenes")
    parser.add_argument("--threshold", type=float, default=0.5)
    options = parser.parse_args()
    console, detector = Console(), Detector(options.model)
    if options.voc:
        console.print("voc", voc(detector, options.voc, options.threshold))
    for share in (0.5, 0.6, 0.7, 1.0) if options.crops else ():
        console.print(f"crops {share}", crops(detector, options.crops, share, options.threshold))
    if options.clip:
        console.print("clip", clip(detector, options.clip, options.threshold))
    if options.drawn:
        figures = drawn(detector, options.seed, options.drawn, options.threshold)
        console.print("drawn", figures)
    times = detector.milliseconds or [float("nan")]
    console.print(f"inference: median {np.median(times):.1f} ms, least {min(times):.1f} ms")


if __name__ == "__main__":
    main()
