"""What stands behind the signs: streets, leaves, rooms, textures.

Each drawer takes the generator and (height, width) and returns a picture.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tools.demo.drawing.paint import (
    Colour,
    Picture,
    Rng,
    any_colour,
    clouds,
    disc,
    jitter,
    polygon,
    rectangle,
)
from tools.demo.drawing.streets import street

_GREENS = ((60, 95, 35), (90, 120, 50), (35, 60, 30), (120, 140, 70))
_AUTUMN = ((150, 90, 30), (165, 60, 30), (120, 75, 40), (90, 70, 50))
_WALLS = ((205, 200, 190), (225, 225, 220), (170, 180, 185), (190, 170, 140), (120, 120, 125))


def background(rng: Rng, shape: tuple[int, int], *, indoors: bool = False) -> Picture:
    """Half streets, a fifth leaves, the rest noise, flats, textures and rooms."""
    if indoors:
        return room(rng, shape)
    drawers: tuple[Callable[[Rng, tuple[int, int]], Picture], ...]
    drawers = (street, foliage, noise, flat, texture, room)
    pick = rng.choice(len(drawers), p=[0.52, 0.18, 0.08, 0.08, 0.07, 0.07])
    return drawers[int(pick)](rng, shape)


def foliage(rng: Rng, shape: tuple[int, int]) -> Picture:
    """Leaves over leaves, dark below and light above, with branches."""
    height, width = shape
    palette = _AUTUMN if rng.random() < 0.3 else _GREENS
    dark = np.array(palette[int(rng.integers(len(palette)))], np.float32)
    picture = (dark * (0.15 + 0.9 * clouds(rng, shape, 5)[..., None])).clip(0, 255)
    picture = picture.astype(np.uint8)
    size = rng.uniform(1.5, 9)
    count = int(min(900, height * width / (6 * size**2)))
    xs, ys = rng.uniform(0, width, count), rng.uniform(0, height, count)
    for index in range(count):
        base = np.array(palette[index % len(palette)]) * (0.35 + 1.1 * index / count)
        axes = (max(round(size * rng.uniform(0.6, 1.6)), 1), max(round(size * 0.6), 1))
        centre = (int(xs[index]), int(ys[index]))
        colour = jitter(rng, base, 14)
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    for _ in range(int(rng.integers(0, 7))):
        branch(rng, picture, jitter(rng, (70, 60, 50), 20))
    if rng.random() < 0.5:
        _open_sky(rng, picture)
    return picture


def branch(rng: Rng, picture: Picture, colour: Colour, width: int = 4) -> None:
    """A crooked line across the picture."""
    height, wide = picture.shape[:2]
    start = rng.uniform(0, 1, 2) * (wide, height)
    steps = rng.normal(0, 0.06, (7, 2)) + rng.normal(0, 0.12, 2)
    path = (start + np.cumsum(steps, 0) * max(height, wide)).astype(np.int32)
    cv2.polylines(picture, [path], False, colour, int(rng.integers(1, width + 1)), cv2.LINE_AA)


def _open_sky(rng: Rng, picture: Picture) -> None:
    """Let a bright sky through the leaves of a part of the picture."""
    holes = clouds(rng, (picture.shape[0], picture.shape[1]), 9, 4)
    cover = np.clip((holes - rng.uniform(0.5, 0.62)) * 20, 0, 1)[..., None]
    sky = np.array(jitter(rng, (190, 210, 230), 25), np.float32)
    picture[:] = (picture * (1 - cover) + sky * cover).astype(np.uint8)


def noise(rng: Rng, shape: tuple[int, int]) -> Picture:
    """Coloured clouds at a random scale."""
    cells = int(rng.integers(2, 40))
    planes = np.dstack([clouds(rng, shape, cells, 4) for _ in range(3)])
    grey = planes.mean(axis=2, keepdims=True)
    mixed = grey + (planes - grey) * rng.choice([0.1, 0.4, 1.0])
    contrast = rng.uniform(100, 420)
    level = np.array(any_colour(rng), np.float32)
    return np.asarray(((mixed - 0.5) * contrast + level).clip(0, 255), np.uint8)


def flat(rng: Rng, shape: tuple[int, int]) -> Picture:
    """One colour or a gradient between two; white, black and sky blue more often."""
    choices = ((250, 250, 250), (8, 8, 10), (90, 140, 200), (200, 215, 230), any_colour(rng))
    first = jitter(rng, choices[int(rng.integers(len(choices)))], 8)
    second = first if rng.random() < 0.4 else any_colour(rng)
    angle = rng.uniform(0, 2 * np.pi)
    rows = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    ramp = (rows * np.sin(angle) + columns * np.cos(angle) + 1.5) / 3
    ramp = ramp[..., None].clip(0, 1)
    return np.asarray(np.array(first) * (1 - ramp) + np.array(second) * ramp).astype(np.uint8)


def texture(rng: Rng, shape: tuple[int, int]) -> Picture:
    """Bricks, boards, tiles or a fence."""
    height, width = shape
    picture = flat(rng, shape)
    brick = rng.random() < 0.5
    colour = jitter(rng, (150, 75, 60), 25) if brick else any_colour(rng)
    deep = max(int(rng.uniform(5, 40)), 3)
    long = max(int(deep * rng.uniform(1, 4)), 4)
    gap = max(deep // int(rng.integers(5, 12)), 1)
    for row, top in enumerate(range(0, height, deep)):
        offset = (row % 2) * long // 2 if brick else 0
        for left in range(-offset, width, long):
            tone = jitter(rng, colour, 9)
            rectangle(picture, left, top, left + long - gap, top + deep - gap, tone)
    return picture


def room(rng: Rng, shape: tuple[int, int]) -> Picture:
    """A wall, furniture, shelves, a window, a person: where a printed sign is held up."""
    height, width = shape
    wall = jitter(rng, _WALLS[int(rng.integers(len(_WALLS)))], 14)
    shade = rng.uniform(0.45, 1.05) + 0.3 * (clouds(rng, shape, 2, 2) - 0.5)
    picture = (np.array(wall, np.float32) * shade[..., None]).clip(0, 255).astype(np.uint8)
    floor = int(height * rng.uniform(0.65, 1.1))
    rectangle(picture, 0, floor, width, height, jitter(rng, (140, 110, 80), 30))
    for _ in range(int(rng.integers(2, 12))):
        left, top = rng.uniform(-0.2, 1) * width, rng.uniform(-0.1, 1) * height
        right, bottom = left + rng.uniform(0.03, 0.5) * width, top + rng.uniform(0.03, 0.5) * height
        rectangle(picture, left, top, right, bottom, any_colour(rng))
        if rng.random() < 0.3:
            rectangle(picture, left + 4, top + 4, right - 4, bottom - 4, any_colour(rng))
    if rng.random() < 0.4:
        left, top = rng.uniform(0, 0.7) * width, rng.uniform(0, 0.3) * height
        glass = jitter(rng, (235, 240, 245), 8)
        rectangle(picture, left, top, left + 0.3 * width, top + 0.4 * height, glass)
    if rng.random() < 0.6:
        _person(rng, picture)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 3))), np.uint8)


def _person(rng: Rng, picture: Picture) -> None:
    """Shoulders and a face, nothing finer."""
    height, width = picture.shape[:2]
    size = rng.uniform(0.08, 0.2) * width
    x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.5) * height
    cloth = any_colour(rng)
    low = height + 5
    reach = size * 2.2
    corners = [(x - reach, low), (x - reach, y + 2.4 * size), (x - size * 0.6, y + 1.3 * size)]
    corners += [(x + size * 0.6, y + 1.3 * size), (x + reach, y + 2.4 * size), (x + reach, low)]
    polygon(picture, corners, cloth)
    disc(picture, x, y - size * 0.25, size * 1.12, jitter(rng, (60, 45, 35), 25), 1.2)
    disc(picture, x, y, size, skin(rng), 1.25)


def skin(rng: Rng) -> Colour:
    """A skin colour, from dark to light."""
    tone = rng.uniform(0, 1)
    light, dark = np.array((235, 195, 170)), np.array((85, 55, 40))
    return jitter(rng, light * tone + dark * (1 - tone), 10)
