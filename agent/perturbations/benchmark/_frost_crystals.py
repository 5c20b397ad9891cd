"""Ice on glass, drawn stroke by stroke: gray reliefs (H, W) for the frost's textures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations.benchmark._weather import Size

Relief = NDArray[np.uint8]
Points = NDArray[np.float64]
Chance = np.random.Generator

_BITS: Final = 4  # fractional bits of the coordinates handed to OpenCV
_BARB_ANGLE: Final = 0.9  # ice branches at 60 degrees; foreshortened they look narrower


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.asarray(np.rint(points * (1 << _BITS)), np.int32)


def _lines(canvas: Relief, starts: Points, ends: Points, tone: int, thick: int = 1) -> None:
    paths = _fixed(np.stack([starts, ends], axis=1))
    cv2.polylines(canvas, list(paths), False, (tone,), thick, cv2.LINE_AA, _BITS)


def _area(canvas: Relief, outline: Points, tone: int) -> None:
    cv2.fillPoly(canvas, [_fixed(outline)], (tone,), cv2.LINE_AA, _BITS)


def _towards(angle: float) -> Points:
    return np.array((np.cos(angle), np.sin(angle)))


def _cloud(size: Size, sigma: float, chance: Chance) -> NDArray[np.float32]:
    """Smooth noise of unit deviation, drawn on a coarse grid."""
    step = max(sigma / 2, 1.0)
    few = (int(size[0] / step) + 8, int(size[1] / step) + 8)
    noise = cv2.GaussianBlur(chance.standard_normal(few, np.float32), (0, 0), sigma / step)
    to = (int(few[1] * step), int(few[0] * step))
    wide = cv2.resize(noise, to, interpolation=cv2.INTER_CUBIC)[: size[0], : size[1]]
    return np.asarray(wide / max(float(wide.std()), 1e-6), np.float32)


def _around(size: Size, count: int, margin: float, chance: Chance) -> Points:
    """Places (count, 2) as x, y in a relief and a little beyond its edges."""
    far = np.array((size[1] + margin, size[0] + margin))
    return np.asarray(chance.uniform((-margin, -margin), far, (count, 2)), np.float64)


def _at(field: NDArray[np.float32], place: Points) -> float:
    """A field's value at a place (x, y), or at the nearest one inside."""
    y = min(max(int(place[1]), 0), field.shape[0] - 1)
    return float(field[y, min(max(int(place[0]), 0), field.shape[1] - 1)])


def _mottled(size: Size, tone: float, shades: tuple[float, ...], chance: Chance) -> Relief:
    """Even ice with shades at ever larger scales, from single pixels on."""
    ice = np.full(size, tone, np.float32)
    for scale, shade in zip((1.0, 3.0, 12.0), shades, strict=True):
        ice += np.float32(shade) * _cloud(size, scale, chance)
    return np.clip(ice, 0, 255).astype(np.uint8)


def _grainy(relief: Relief, deviation: float, chance: Chance) -> Relief:
    noise = chance.standard_normal(relief.shape, np.float32) * np.float32(deviation)
    return np.clip(relief + noise, 0, 255).astype(np.uint8)


def feathers(size: Size, chance: Chance) -> Relief:
    """Fern frost: barbed stems that fan out from where they began to grow."""
    canvas = _mottled(size, 62, (10, 8, 12), chance)
    crowd = _cloud(size, 40, chance)
    for place in _around(size, size[0] * size[1] // 260, 20, chance):
        dense = _at(crowd, place)
        first = chance.uniform(0, 2 * np.pi)
        for stem in range(int(chance.integers(1, 5))):
            angle = first + 0.5 * stem + chance.normal(0, 0.2)
            length = chance.gamma(4, 6) * (1.1 + 0.25 * dense)
            light = int(np.clip(chance.normal(125 + 22 * dense, 34), 75, 245))
            _feather(canvas, place, angle, min(max(length, 8), 60), light, chance)
    return canvas


def _feather(
    canvas: Relief, root: Points, angle: float, length: float, light: int, chance: Chance
) -> None:
    along, across = _towards(angle), _towards(angle + np.pi / 2)
    places = np.arange(0, length, chance.uniform(1.8, 2.6))
    # Bent a little, and pointed; no two barbs are quite as long.
    bend = chance.normal(0, 0.2) * places**2 / length
    stem = root + places[:, None] * along + bend[:, None] * across
    part = places / length
    reach = chance.uniform(0.12, 0.26) * length * np.minimum(part * 4, 1.1 - part)
    reach = reach * chance.uniform(0.35, 1.2, (2, len(places)))
    left = stem + reach[0][:, None] * _towards(angle + _BARB_ANGLE)
    right = stem + reach[1][:, None] * _towards(angle - _BARB_ANGLE)
    _area(canvas, np.concatenate([left, right[::-1]]), int(light * 0.45))
    _lines(canvas, stem, left, int(light * chance.uniform(0.75, 1)))
    _lines(canvas, stem, right, int(light * chance.uniform(0.5, 0.85)))
    _lines(canvas, stem[:-1], stem[1:], min(light + 30, 255))


def needles(size: Size, chance: Chance) -> Relief:
    """Bright blades of ice that lie over each other in sheaves."""
    canvas = _mottled(size, 200, (9, 9, 9), chance)
    leaning = _cloud(size, 24, chance)
    for place in _around(size, size[0] * size[1] // 170, 10, chance):
        angle = 1.3 * _at(leaning, place) - 0.6 + chance.normal(0, 0.3)
        for _ in range(int(chance.integers(1, 4))):
            angle += chance.normal(0, 0.2)
            root = place + chance.normal(0, 5, 2)
            _blade(canvas, root, angle, chance.gamma(2.5, 8), chance.gamma(2, 1.4), chance)
    blurred = cv2.GaussianBlur(canvas, (0, 0), 0.6)
    return _grainy(np.asarray(blurred, np.uint8), 5, chance)


def _blade(
    canvas: Relief, root: Points, angle: float, length: float, width: float, chance: Chance
) -> None:
    along, across = _towards(angle), _towards(angle + np.pi / 2)
    tone = int(np.clip(chance.normal(205, 13), 140, 250))
    # Thickest near a third and frayed at both ends.
    middle = root + chance.uniform(0.2, 0.6) * length * along
    tip = root + length * along + chance.normal(0, 1.5) * across
    near, far = middle + width * across, middle - chance.uniform(0.2, 0.8) * width * across
    _area(canvas, np.stack([root, far, tip, near]), tone)
    _lines(canvas, np.stack([root, far]), np.stack([far, tip]), int(tone * chance.uniform(0.72, 1)))
    _lines(canvas, np.stack([root, near]), np.stack([near, tip]), min(tone + 24, 255))


def grains(size: Size, chance: Chance) -> Relief:
    """Small crystals strung down the glass, with larger stars of facets among them."""
    canvas = _mottled(size, 140, (14, 9, 5), chance)
    strings = chance.uniform(0, size[1], size[1] // 9)
    crowd = _cloud(size, 24, chance)
    for place in _around(size, size[0] * size[1] // 3200, 0, chance):
        _star(canvas, place, chance.uniform(8, 26), chance)
    places = _around(size, size[0] * size[1] // 14, 0, chance)
    strung = chance.random(len(places)) < 0.55
    places[strung, 0] = chance.choice(strings, strung.sum()) + chance.normal(0, 1.8, strung.sum())
    luck, tones = chance.normal(0, 0.8, len(places)), chance.normal(148, 46, len(places))
    corners = chance.normal(0, 1, (len(places), 3, 2)) * (0.8, 1.4)
    corners *= chance.uniform(0.7, 2.4, len(places))[:, None, None]
    for place, lucky, tone, triangle in zip(places, luck, tones, corners, strict=True):
        if _at(crowd, place) + lucky > 0:
            _area(canvas, place + triangle, int(min(max(tone, 20), 255)))
    return _grainy(canvas, 7, chance)


def _star(canvas: Relief, place: Points, spread: float, chance: Chance) -> None:
    """Blades that radiate from a point over half a circle or more, each lit in its own way."""
    for angle in chance.uniform(0, 2 * np.pi) + np.arange(9) * chance.uniform(0.3, 0.7):
        tone = int(np.clip(chance.normal(148, 36), 40, 250))
        one = spread * chance.uniform(0.5, 1.1) * _towards(angle)
        two = 0.6 * spread * _towards(angle + 0.35)
        _area(canvas, place + np.stack([0 * one, one, two]), tone)
        _lines(canvas, place[None], (place + one)[None], min(tone + 40, 255))


def film(size: Size, chance: Chance) -> Relief:
    """A thin sheet of ice in creases: folded noise, lit from one side."""
    height, width = size
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    creases = np.zeros(size, np.float32)
    for sigma, strength in ((14.0, 1.0), (7.0, 0.7), (3.5, 0.45)):
        ridges = -np.sqrt(np.abs(_cloud(size, sigma, chance)))
        columns += sigma * _cloud(size, 2 * sigma, chance)
        rows += 0.5 * sigma * _cloud(size, 2 * sigma, chance)
        folded = cv2.remap(
            ridges.astype(np.float32),
            columns,
            rows,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        creases += np.float32(strength) * folded
    lit = cv2.Sobel(creases, cv2.CV_32F, 1, 0, ksize=3) - cv2.Sobel(
        creases, cv2.CV_32F, 0, 1, ksize=3
    )
    relief = 128 + 26 * np.asarray(lit, np.float32) + 10 * _cloud(size, 30, chance)
    relief += chance.standard_normal(size, np.float32) * np.float32(5)
    return np.clip(relief, 0, 255).astype(np.uint8)


DRAWINGS: Final[dict[str, Callable[[Size, Chance], Relief]]] = {
    "film": film,
    "needles": needles,
    "grains": grains,
    "feathers": feathers,
}
