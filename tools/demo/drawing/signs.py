"""Flat faces of the four classes, RGBA (h, w, 4), colours as on a new sign in white light.

Each kind has a numbered set of variants. A variant follows from its number alone, so every
process that draws sees the same ones and draws each only once.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from agent.geometry.sign_face import octagon, stop_face
from tools.demo.drawing.paint import (
    Colour,
    Picture,
    Rng,
    blank,
    disc,
    jitter,
    lettering,
    polygon,
    rectangle,
    write,
)

SIDE = 320
STOP, YIELD, LIMIT, NO_ENTRY = range(4)
VARIANTS = (96, 32, 48, 24)
_LEGENDS = ("PARE", "ALTO", "ARRET", "DUR", "STOJ", "HALT")


@lru_cache(maxsize=sum(VARIANTS))
def face(kind: int, variant: int) -> Picture:
    """Face of one class. Do not write into it: all scenes share it."""
    rng = np.random.default_rng([9175, kind, variant])
    drawn = (_stop, _yield, _limit, _no_entry)[kind](rng)
    drawn.setflags(write=False)
    return drawn


def _sign_red(rng: Rng) -> Colour:
    red = rng.uniform(150, 232)
    return int(red), int(red * rng.uniform(0.04, 0.22)), int(red * rng.uniform(0.08, 0.28))


def _sign_white(rng: Rng) -> Colour:
    return jitter(rng, rng.uniform(215, 250), 5)


def _stop(rng: Rng) -> Picture:
    legend = "STOP" if rng.random() < 0.87 else _LEGENDS[int(rng.integers(len(_LEGENDS)))]
    red, white = _sign_red(rng), _sign_white(rng)
    if rng.random() < 0.5:
        return stop_face(SIDE, red=red, white=white, legend=legend)
    rim = red if rng.random() < 0.3 else white
    patch = blank(SIDE, SIDE, rim)
    centre = SIDE / 2
    _cut(patch, octagon(SIDE) + centre)
    inner = rng.uniform(0.88, 0.99)
    if rng.random() < 0.3:  # red rim, white line, red field
        polygon(patch, octagon(SIDE * 0.97) + centre, (*white, 255))
        inner = rng.uniform(0.88, 0.94)
    polygon(patch, octagon(SIDE * inner) + centre, (*red, 255))
    mask = lettering(rng, legend, int(SIDE * rng.uniform(0.24, 0.38)))
    wide = SIDE * rng.uniform(0.66, 0.86)
    mask = cv2.resize(mask, (int(wide), mask.shape[0]), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )
    write(patch, mask, centre, centre + rng.normal(0, 3), white)
    return patch


def _cut(patch: Picture, outline: object) -> None:
    """Make the patch opaque inside the outline."""
    alpha = np.zeros(patch.shape[:2], np.uint8)
    polygon(alpha, np.asarray(outline), (255,))
    patch[..., 3] = alpha


def _triangle(scale: float) -> list[tuple[float, float]]:
    """A triangle on its head within SIDE, shrunk about its middle."""
    middle = np.array((SIDE / 2, SIDE * 0.38))
    corners = np.array(((0, 0.06), (1, 0.06), (0.5, 0.94))) * SIDE
    return [(float(x), float(y)) for x, y in middle + (corners - middle) * scale]


def _yield(rng: Rng) -> Picture:
    red, white = _sign_red(rng), _sign_white(rng)
    patch = blank(SIDE, SIDE, white if rng.random() < 0.4 else red)
    _cut(patch, _triangle(1.0))
    polygon(patch, _triangle(0.95), (*red, 255))
    field = white if rng.random() < 0.8 else jitter(rng, (235, 200, 60), 8)
    polygon(patch, _triangle(rng.uniform(0.4, 0.72)), (*field, 255))
    if rng.random() < 0.45:
        mask = lettering(rng, "YIELD", 34)
        write(patch, mask, SIDE / 2, SIDE * 0.27, red, SIDE * 0.36)
    return patch


def _limit(rng: Rng) -> Picture:
    white, ink = _sign_white(rng), jitter(rng, (25, 25, 28), 6)
    number = str(5 * int(rng.integers(1, 27)))
    if rng.random() < 0.65:
        red = _sign_red(rng)
        patch = blank(SIDE, SIDE, red)
        disc(patch, SIDE / 2, SIDE / 2, SIDE / 2 - 2, (*red, 255))
        disc(patch, SIDE / 2, SIDE / 2, SIDE * rng.uniform(0.36, 0.43), (*white, 255))
        mask = lettering(rng, number, int(SIDE * rng.uniform(0.36, 0.48)))
        write(patch, mask, SIDE / 2, SIDE / 2, ink, SIDE * 0.62)
        return patch
    wide = int(SIDE * 0.8)
    patch = blank(SIDE, wide, white)
    patch[..., 3] = 255
    cv2.rectangle(patch, (9, 9), (wide - 9, SIDE - 9), (*ink, 255), int(rng.integers(3, 8)))
    write(patch, lettering(rng, "SPEED", 48), wide / 2, SIDE * 0.18, ink, wide * 0.76)
    write(patch, lettering(rng, "LIMIT", 48), wide / 2, SIDE * 0.38, ink, wide * 0.7)
    write(patch, lettering(rng, number, 110), wide / 2, SIDE * 0.72, ink, wide * 0.8)
    return patch


def _no_entry(rng: Rng) -> Picture:
    red, white = _sign_red(rng), _sign_white(rng)
    square = rng.random() < 0.35
    patch = blank(SIDE, SIDE, white)
    radius = SIDE * (0.46 if square else 0.495)
    if square:
        patch[..., 3] = 255
    else:
        disc(patch, SIDE / 2, SIDE / 2, radius, (*white, 255))
    disc(patch, SIDE / 2, SIDE / 2, radius * rng.uniform(0.93, 1.0), (*red, 255))
    half, deep = radius * rng.uniform(0.7, 0.84), radius * rng.uniform(0.15, 0.24)
    middle = SIDE / 2
    rectangle(patch, middle - half, middle - deep, middle + half, middle + deep, (*white, 255))
    if square or rng.random() < 0.2:
        write(patch, lettering(rng, "DONOT", 40), middle, middle - deep * 2.2, white, radius)
        write(patch, lettering(rng, "ENTER", 40), middle, middle + deep * 2.2, white, radius)
    return patch
