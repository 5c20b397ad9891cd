"""A street: sky, hills, houses, trees, road, cars, poles. Rough, but of the right colours."""

from __future__ import annotations

import cv2
import numpy as np

from tools.demo.drawing.paint import (
    Picture,
    Rng,
    any_colour,
    any_red,
    clouds,
    disc,
    jitter,
    polygon,
    rectangle,
)

_SKIES = ((120, 165, 220), (70, 120, 190), (205, 215, 225), (235, 238, 240), (240, 190, 140))
_HOUSES = ((190, 180, 165), (150, 85, 65), (215, 210, 205), (120, 115, 110), (200, 170, 120))
_LEAVES = ((60, 90, 40), (85, 110, 50), (40, 60, 35), (125, 90, 45), (105, 95, 80))


def street(rng: Rng, shape: tuple[int, int]) -> Picture:
    """A street scene (height, width, 3) by day; darkness comes with the photograph."""
    horizon = int(shape[0] * rng.uniform(0.35, 0.75))
    picture = _sky(rng, shape)
    if rng.random() < 0.4:
        _hills(rng, picture, horizon)
    _ground(rng, picture, horizon)
    for _ in range(int(rng.integers(0, 6))):
        _house(rng, picture, horizon)
    if rng.random() < 0.8:
        _road(rng, picture, horizon)
    for _ in range(int(rng.integers(0, 7))):
        _tree(rng, picture, horizon)
    for _ in range(int(rng.integers(0, 5))):
        _car(rng, picture, horizon)
    for _ in range(int(rng.integers(0, 5))):
        _pole(rng, picture, horizon)
    if rng.random() < 0.4:
        _wires(rng, picture, horizon)
    return picture


def _sky(rng: Rng, shape: tuple[int, int]) -> Picture:
    top = np.array(jitter(rng, _SKIES[int(rng.integers(len(_SKIES)))], 12), np.float32)
    low = top + (245 - top) * np.float32(rng.uniform(0, 0.8))
    ramp = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None, None]
    sky = np.broadcast_to(top * (1 - ramp) + low * ramp, (*shape, 3))
    cover = np.clip((clouds(rng, shape, 4, 4) - rng.uniform(0.35, 0.8)) * 4, 0, 1)[..., None]
    white = np.float32(rng.uniform(150, 252))
    return np.asarray((sky * (1 - cover) + white * cover).clip(0, 255), np.uint8)


def _hills(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    xs = np.linspace(0, width, 12)
    rise = np.abs(np.cumsum(rng.normal(0, 0.03, 12))) * height + 4
    line = np.stack([xs, horizon - rise], 1)
    tone = jitter(rng, (95, 115, 125), 25) if rng.random() < 0.6 else jitter(rng, (60, 80, 50), 15)
    polygon(picture, [*line, (width, horizon + 2), (0, horizon + 2)], tone)


def _ground(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    grounds = ((95, 115, 60), (150, 135, 100), (120, 118, 115), (225, 228, 235))
    base = np.array(jitter(rng, grounds[int(rng.integers(len(grounds)))], 14), np.float32)
    if horizon >= height:
        return
    grain = clouds(rng, (height - horizon, width), int(rng.integers(8, 60)))[..., None]
    picture[horizon:] = (base * (0.65 + 0.7 * grain)).clip(0, 255).astype(np.uint8)


def _road(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    vanish, foot = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * width
    half = rng.uniform(0.3, 1.2) * width
    asphalt = jitter(rng, (105, 105, 108), 22)
    edges = [(vanish - 4, horizon), (vanish + 4, horizon), (foot + half, height)]
    polygon(picture, [*edges, (foot - half, height)], asphalt)
    paint = (
        jitter(rng, (215, 215, 210), 15) if rng.random() < 0.7 else jitter(rng, (210, 170, 60), 12)
    )
    for side in (-0.9, 0.0, 0.9):
        for part in np.arange(0.1, 1.0, 0.2):
            far, near = part**2, (part + (0.1 if side == 0 else 0.2)) ** 2
            ends = [(far, 1.0), (far, -1.0), (near, -1.0), (near, 1.0)]
            line = [
                (
                    vanish + (foot + side * half - vanish) * d + s * (0.3 + 4 * d),
                    horizon + (height - horizon) * d,
                )
                for d, s in ends
            ]
            polygon(picture, line, paint)


def _house(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    wide, tall = rng.uniform(0.1, 0.5) * width, rng.uniform(0.08, 0.6) * height
    left, top = rng.uniform(-0.2, 1) * width, horizon - tall
    wall = jitter(rng, _HOUSES[int(rng.integers(len(_HOUSES)))], 22)
    rectangle(picture, left, top, left + wide, horizon + 3, wall)
    if rng.random() < 0.5:
        ridge = [(left - 3, top), (left + wide / 2, top - tall * 0.3), (left + wide + 3, top)]
        polygon(picture, ridge, jitter(rng, (125, 75, 60), 30))
    rows, columns = int(rng.integers(1, 8)), int(rng.integers(1, 9))
    pane = jitter(rng, (70, 80, 90), 30)
    cell_w, cell_h = wide / columns, tall / rows
    for row in range(rows):
        for column in range(columns):
            x, y = left + (column + 0.25) * cell_w, top + (row + 0.25) * cell_h
            rectangle(picture, x, y, x + cell_w * 0.5, y + cell_h * 0.55, jitter(rng, pane, 14))
    if rng.random() < 0.35:
        sign = any_red(rng) if rng.random() < 0.5 else any_colour(rng)
        rectangle(picture, left, horizon - tall * 0.3, left + wide, horizon - tall * 0.2, sign)


def _tree(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    x, size = rng.uniform(-0.05, 1.05) * width, rng.uniform(0.04, 0.3) * height
    foot = horizon + rng.uniform(-0.02, 0.15) * height
    bark = jitter(rng, (80, 68, 58), 16)
    rectangle(picture, x - size * 0.06, foot - size * 1.4, x + size * 0.06 + 1, foot, bark)
    crown = foot - size * 1.7
    if rng.random() < 0.3:
        for _ in range(40):
            path = np.cumsum(rng.normal(0, 0.22, (5, 2)) * size, 0) + np.array((x, crown))
            cv2.polylines(picture, [path.astype(np.int32)], False, bark, 1, cv2.LINE_AA)
        return
    leaf = _LEAVES[int(rng.integers(len(_LEAVES)))]
    for index in range(45):
        dx, dy = rng.normal(0, 0.36, 2) * size
        tone = jitter(rng, np.array(leaf) * (0.6 + 0.8 * index / 45), 9)
        disc(picture, x + dx, crown + dy, size * rng.uniform(0.06, 0.26), tone)


def _car(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    x, long = rng.uniform(0, 1) * width, rng.uniform(0.05, 0.4) * width
    foot = horizon + rng.uniform(0.0, 0.3) * (height - horizon) + long * 0.2
    body = any_red(rng) if rng.random() < 0.25 else any_colour(rng)
    tall = long * rng.uniform(0.25, 0.4)
    rectangle(picture, x - long / 2, foot - tall, x + long / 2, foot - tall * 0.2, body)
    roof = [(x - long * 0.36, foot - tall), (x - long * 0.24, foot - tall * 1.7)]
    roof += [(x + long * 0.24, foot - tall * 1.7), (x + long * 0.36, foot - tall)]
    polygon(picture, roof, body)
    glass = np.array((x, foot - tall * 1.3)) + (np.array(roof) - (x, foot - tall * 1.3)) * 0.8
    polygon(picture, glass, jitter(rng, (55, 62, 70), 18))
    for side in (-1, 1):
        disc(picture, x + side * long * 0.33, foot - tall * 0.1, long * 0.08, (25, 25, 27))
        lamp = (rng.uniform(150, 255), 20, 25) if rng.random() < 0.6 else (235, 230, 210)
        disc(picture, x + side * long * 0.43, foot - tall * 0.75, long * 0.05 + 1, lamp, 0.7)


def _pole(rng: Rng, picture: Picture, horizon: int) -> None:
    height, width = picture.shape[:2]
    x, thick = rng.uniform(0, 1) * width, rng.uniform(0.5, 7)
    top = horizon - rng.uniform(0.1, 0.9) * height
    tone = jitter(rng, (120, 118, 115), 40)
    lean = rng.normal(0, 2)
    foot = horizon + rng.uniform(0, 0.4) * height
    ends = [(x + lean - thick, top), (x + lean + thick, top), (x + thick, foot), (x - thick, foot)]
    polygon(picture, ends, tone)
    if rng.random() < 0.4:
        reach = rng.uniform(-0.2, 0.2) * width
        cv2.line(picture, (int(x), int(top)), (int(x + reach), int(top - 8)), tone, 2, cv2.LINE_AA)


def _wires(rng: Rng, picture: Picture, horizon: int) -> None:
    width = picture.shape[1]
    for _ in range(int(rng.integers(1, 6))):
        ends = rng.uniform(0, max(horizon, 1), 2).astype(int)
        cv2.line(picture, (0, int(ends[0])), (width, int(ends[1])), (40, 40, 42), 1, cv2.LINE_AA)
