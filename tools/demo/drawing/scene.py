"""One training picture and its boxes.

`draw_scene(seed, index)` depends on its arguments only, so scenes may be drawn by any worker in
any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.demo.drawing import photograph
from tools.demo.drawing.backgrounds import background, branch
from tools.demo.drawing.distractors import distractor
from tools.demo.drawing.hanging import Light, Plate, hang, paper_plate, pole, sign_plate
from tools.demo.drawing.paint import Picture, Rng, any_colour, disc, jitter
from tools.demo.drawing.placing import paste, scaled, seen_from

CLASSES = ("stop sign", "yield", "speed limit", "no entry")
IGNORE = -1
SIDE = 416
_SMALLEST, _LARGEST = 9.0, 310.0
_LEAST_CONTRAST = 6.0  # standard deviation of grey levels below which a sign cannot be seen
_PADS = ((114, 114, 114), (0, 0, 0), (255, 255, 255))


@dataclass(frozen=True)
class Scene:
    """Pixels (416, 416, 3) uint8 RGB; boxes (N, 4) float32 x0 y0 x1 y1 in px; labels (N,) int8.

    Labels index CLASSES; IGNORE marks what no detector can be blamed for, seen or not.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int8]


def draw_scene(seed: int, index: int) -> Scene:
    """Scene `index` of run `seed`."""
    rng = np.random.default_rng([seed, index])
    shape = _content(rng)
    kind = rng.choice(["road", "paper", "close", "empty"], p=[0.66, 0.09, 0.1, 0.15])
    light = Light.drawn(rng)
    picture = background(rng, shape, indoors=kind == "paper" and rng.random() < 0.7)
    if kind != "close" or rng.random() < 0.4:
        _clutter(rng, picture)
    if light.dark:
        picture = photograph.night(rng, picture)
    boxes, labels = _signs(rng, picture, str(kind), light)
    if rng.random() < 0.2:
        photograph.sunlit(rng, picture)
    picture = photograph.tone(rng, picture)
    labels = [
        label if _contrast(picture, box) >= _LEAST_CONTRAST else IGNORE
        for box, label in zip(boxes, labels, strict=True)
    ]
    pixels, shift = _padded(rng, photograph.exposed(rng, picture))
    placed = np.array(boxes, np.float32).reshape(-1, 4) + np.array(shift * 2, np.float32)
    return Scene(pixels, placed, np.array(labels, np.int8))


def _content(rng: Rng) -> tuple[int, int]:
    """Height and width of the part of the picture that is not padding."""
    draw = rng.random()
    if draw < 0.4:
        return SIDE, SIDE
    longest = SIDE if draw < 0.85 else int(rng.uniform(0.45, 1) * SIDE)
    other = max(int(longest * rng.uniform(0.55, 1.0)), 64)
    return (longest, other) if rng.random() < 0.45 else (other, longest)


def _clutter(rng: Rng, picture: Picture) -> None:
    """About 15 things that are not signs of the four classes."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(6, 25))):
        size = float(np.exp(rng.uniform(np.log(8), np.log(190))))
        patch = scaled(distractor(rng), size).copy()
        factor = size / max(patch.shape[:2])
        extent = (patch.shape[1] * factor, patch.shape[0] * factor)
        centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        gain = np.float32(np.exp(rng.normal(-0.1, 0.3)))
        patch[..., :3] = (patch[..., :3] * gain).clip(0, 255).astype(np.uint8)
        if rng.random() < 0.25:
            pole(rng, picture, centre, size)
        paste(picture, patch, seen_from(rng, centre, extent))


def _signs(
    rng: Rng, picture: Picture, kind: str, light: Light
) -> tuple[list[tuple[float, ...]], list[int]]:
    """Hang the scene's signs; boxes are cut at the picture's edges."""
    boxes: list[tuple[float, ...]] = []
    labels: list[int] = []
    count = {"empty": 0, "road": int(rng.choice([1, 2, 3, 4], p=[0.5, 0.26, 0.14, 0.1]))}.get(
        kind, 1
    )
    for _ in range(count):
        plate, size, centre = _planned(rng, picture, kind)
        reach = size * 0.75
        if any(
            left - reach < centre[0] < right + reach and top - reach < centre[1] < bottom + reach
            for left, top, right, bottom in boxes
        ):
            continue
        corners = hang(rng, picture, plate, centre, size, light, posted=kind == "road")
        box, shown = _cut(corners, picture)
        if min(box[2] - box[0], box[3] - box[1]) < 4:
            continue
        hidden = _occluded(rng, picture, box) if rng.random() < 0.25 else 0.0
        faint = shown < 0.45 or hidden > 0.55 or max(box[2] - box[0], box[3] - box[1]) < 8
        boxes.append(box)
        labels.append(IGNORE if faint else plate.label)
    return boxes, labels


def _planned(rng: Rng, picture: Picture, kind: str) -> tuple[Plate, float, tuple[float, float]]:
    """What to hang, how large (px), and where."""
    height, width = picture.shape[:2]
    label = int(rng.choice(len(CLASSES), p=[0.58, 0.14, 0.14, 0.14]))
    if kind == "close":
        size = min(height, width) * rng.uniform(0.78, 1.12)
        middle = np.array((width, height)) / 2 + rng.normal(0, 0.03, 2) * size
        return sign_plate(rng, label), size, (float(middle[0]), float(middle[1]))
    spot = (float(rng.uniform(0.02, 0.98) * width), float(rng.uniform(0.02, 0.95) * height))
    if kind == "paper":
        size = float(np.exp(rng.uniform(np.log(50), np.log(_LARGEST * 1.2))))
        return paper_plate(rng, 0 if rng.random() < 0.8 else label), size, spot
    size = float(np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
    return sign_plate(rng, label), size, spot


def _cut(corners: NDArray[np.float64], picture: Picture) -> tuple[tuple[float, ...], float]:
    """The box of the outline within the picture, and the share of its area that is inside."""
    height, width = picture.shape[:2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    inner_low = np.clip(low, 0, (width, height))
    inner_high = np.clip(high, 0, (width, height))
    share = float(np.prod(inner_high - inner_low) / max(np.prod(high - low), 1e-6))
    return (*map(float, inner_low), *map(float, inner_high)), share


def _occluded(rng: Rng, picture: Picture, box: tuple[float, ...]) -> float:
    """Put leaves, a bar or a thing before the sign; returns roughly the share hidden."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    what = rng.choice(3)
    if what == 0:
        green = jitter(rng, (70, 95, 45), 25)
        side = rng.choice([left, right, (left + right) / 2])
        for _ in range(int(rng.integers(4, 26))):
            x, y = side + rng.normal(0, 0.22) * wide, rng.uniform(top, bottom)
            disc(picture, x, y, wide * rng.uniform(0.03, 0.1), jitter(rng, green, 16), 0.7)
        return 0.25
    if what == 1:
        x, thick = rng.uniform(left, right), max(wide * rng.uniform(0.03, 0.2), 1)
        ends = [(int(x), 0), (int(x + rng.normal(0, 0.2) * wide), picture.shape[0])]
        cv2.line(picture, ends[0], ends[1], jitter(rng, 90, 45), int(thick), cv2.LINE_AA)
        branch(rng, picture, jitter(rng, (80, 70, 60), 20))
        return 0.15
    share = rng.uniform(0.08, 0.42)
    from_below = rng.random() < 0.6
    x = left - wide * 0.2 if from_below else right - share * wide
    y = top + (1 - share) * tall if from_below else top
    far = (round(right + wide * 0.1), round(bottom + 3))
    cv2.rectangle(picture, (round(x), round(y)), far, any_colour(rng), -1)
    return float(share)


def _contrast(picture: Picture, box: tuple[float, ...]) -> float:
    left, top, right, bottom = (round(edge) for edge in box)
    region = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    return float(region.mean(axis=2).std()) if region.size else 0.0


def _padded(rng: Rng, picture: Picture) -> tuple[Picture, tuple[int, int]]:
    """Letterbox to the square, centred or at the top left; returns the shift (x, y)."""
    height, width = picture.shape[:2]
    canvas = np.empty((SIDE, SIDE, 3), np.uint8)
    canvas[:] = _PADS[int(rng.choice(3, p=[0.65, 0.27, 0.08]))]
    room_x, room_y = SIDE - width, SIDE - height
    share = 0.5 if rng.random() < 0.6 else float(rng.choice([0.0, rng.random()]))
    left, top = int(room_x * share), int(room_y * share)
    canvas[top : top + height, left : left + width] = picture
    return canvas, (left, top)
