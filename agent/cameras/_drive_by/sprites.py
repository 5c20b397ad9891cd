"""Trees, bushes, houses and poles, drawn once and then scaled: RGBA with premultiplied alpha."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from agent.cameras._drive_by.palette import Layer, natural_noise

Pyramid = list[Layer]
"""A sprite (h, w, 4), float32 0..255, and its halvings."""

_SUN: Final = np.array((-0.5, -0.85))  # light falls from the upper left


def pyramid(sprite: Layer) -> Pyramid:
    """Halvings down to a few pixels, so that a far sprite is a mean and not a sample."""
    levels = [sprite]
    while min(levels[-1].shape[:2]) > 3:
        height, width = levels[-1].shape[:2]
        smaller = cv2.resize(
            levels[-1], ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA
        )
        levels.append(np.asarray(smaller, np.float32))
    return levels


def tree(chance: np.random.Generator) -> Layer:
    """A broad-leaved tree, 320 x 400 pixels."""
    green = np.array((78, 104, 46)) * chance.uniform(0.8, 1.2, 3)
    sprite = np.zeros((400, 320, 4), np.float32)
    trunk = np.array([(152, 400), (156, 250), (166, 250), (171, 400)], np.int32)
    cv2.fillConvexPoly(sprite, trunk, (74, 62, 50, 255), cv2.LINE_AA)
    centres = np.column_stack([chance.normal(0, 0.42, 90), chance.normal(0, 0.42, 90)])
    centres = centres[np.hypot(*centres.T) < 1]
    return _foliage(sprite, centres * (115, 125) + (160, 165), (26, 44), green, chance)


def bush(chance: np.random.Generator) -> Layer:
    """A bush, wider than high, 240 x 140 pixels."""
    green = np.array((84, 106, 50)) * chance.uniform(0.8, 1.2, 3)
    centres = np.column_stack([chance.uniform(40, 200, 40), chance.uniform(55, 120, 40)])
    return _foliage(np.zeros((140, 240, 4), np.float32), centres, (18, 32), green, chance)


def conifer(chance: np.random.Generator) -> Layer:
    """A conifer, 200 x 420 pixels."""
    green = np.array((48, 76, 50)) * chance.uniform(0.85, 1.15, 3)
    down = np.sqrt(chance.uniform(0.002, 1, 220))
    across = chance.uniform(-1, 1, 220) * (2 + 62 * down)
    centres = np.column_stack([100 + across, 14 + 362 * down])
    sprite = np.zeros((420, 200, 4), np.float32)
    cv2.rectangle(sprite, (95, 370), (105, 420), (62, 52, 44, 255), -1)
    inner = np.array([(100, 6), (162, 384), (38, 384)], np.int32)
    cv2.fillConvexPoly(sprite, inner, _opaque(green * 0.7), cv2.LINE_AA)
    return _foliage(sprite, centres, (7, 15), green, chance)


def house(chance: np.random.Generator) -> Layer:
    """A house with a pitched roof, 400 x 280 pixels."""
    walls = ((206, 196, 178), (176, 120, 98), (188, 192, 194), (214, 204, 164))
    wall = np.array(walls[int(chance.integers(len(walls)))]) * chance.uniform(0.85, 1.05)
    sprite = np.zeros((280, 400, 4), np.float32)
    cv2.rectangle(sprite, (20, 110), (379, 279), _opaque(wall), -1)
    roof = np.array([(0, 118), (60, 20), (340, 20), (399, 118)], np.int32)
    cv2.fillConvexPoly(sprite, roof, _opaque(np.array((112, 72, 62))), cv2.LINE_AA)
    for x in (48, 128, 272, 330):
        cv2.rectangle(sprite, (x - 4, 146), (x + 40, 204), _opaque(np.array((232, 230, 224))), -1)
        cv2.rectangle(sprite, (x, 150), (x + 36, 200), _opaque(np.array((66, 78, 92))), -1)
    cv2.rectangle(sprite, (200, 170), (240, 279), _opaque(np.array((92, 60, 48))), -1)
    shade = np.linspace(1.06, 0.86, 280, dtype=np.float32)[:, None, None]
    sprite[:, :, :3] *= shade * (1 + 0.04 * natural_noise(chance, (280, 400), 0.8)[:, :, None])
    return sprite


def pole(chance: np.random.Generator) -> Layer:
    """A utility pole with a crossarm, 80 x 440 pixels."""
    wood = np.array((104, 90, 76)) * chance.uniform(0.85, 1.1)
    sprite = np.zeros((440, 80, 4), np.float32)
    cv2.rectangle(sprite, (37, 0), (43, 439), _opaque(wood), -1)
    cv2.rectangle(sprite, (4, 26), (76, 33), _opaque(wood * 0.9), -1)
    return sprite


DRAW: Final[dict[str, Callable[[np.random.Generator], Layer]]] = {
    "tree": tree,
    "bush": bush,
    "conifer": conifer,
    "house": house,
    "pole": pole,
}


def _opaque(colour: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, ...]:
    return (*(float(part) for part in colour), 255.0)


def _foliage(
    sprite: Layer,
    centres: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    radii: tuple[int, int],
    green: np.ndarray[tuple[int], np.dtype[np.float64]],
    chance: np.random.Generator,
) -> Layer:
    """Clumps of leaves, those towards the sun last and brightest, then holes and leaf texture."""
    height, width = sprite.shape[:2]
    towards = (centres - centres.mean(axis=0)) @ _SUN
    for number in np.argsort(towards):
        radius = int(chance.integers(*radii))
        bright = 0.72 + 0.45 * (_rank(towards, number)) + chance.normal(0, 0.06)
        middle = (int(centres[number, 0]), int(centres[number, 1]))
        cv2.circle(sprite, middle, radius, _opaque(green * bright), -1, cv2.LINE_AA)
        lit = (middle[0] - radius // 4, middle[1] - radius // 3)
        cv2.circle(sprite, lit, radius // 2, _opaque(green * bright * 1.12), -1, cv2.LINE_AA)
    leaves = natural_noise(chance, (height, width), 0.45)
    sprite[:, :, :3] *= 1 + 0.2 * leaves[:, :, None]
    soft = cv2.GaussianBlur(sprite[:, :, 3], (0, 0), 5) / 255
    holes = np.clip((soft - 0.5 + 0.17 * leaves) * 7 + 0.5, 0, 1)
    trunk = sprite[:, :, 3] * (np.arange(height)[:, None] > centres[:, 1].max())
    alpha = np.maximum(sprite[:, :, 3] * holes, trunk)
    sprite *= (alpha / np.maximum(sprite[:, :, 3], 1))[:, :, None]
    return np.clip(sprite, 0, 255)


def _rank(values: np.ndarray[tuple[int], np.dtype[np.float64]], number: int) -> float:
    """Where one of the values stands between the least (0) and the greatest (1)."""
    return float((values[number] - values.min()) / (np.ptp(values) + 1e-9))
