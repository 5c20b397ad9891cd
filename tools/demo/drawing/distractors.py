"""What is not one of the four classes but might be taken for one: RGBA patches (h, w, 4)."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from agent.geometry.sign_face import octagon
from tools.demo.drawing.paint import (
    Colour,
    Picture,
    Rng,
    any_colour,
    any_red,
    blank,
    disc,
    jitter,
    lettering,
    polygon,
    rectangle,
    words,
    write,
)

_WHITE = (238, 238, 234)
_BLUES = ((20, 70, 150), (30, 90, 170), (15, 60, 120))
_NOT_RED = (*_BLUES[:1], (30, 120, 70), (225, 190, 50), (25, 25, 28), (130,) * 3, (235,) * 3)
_PLATES = ("4-WAY", "ALL WAY", "SALE", "EXIT", "OPEN", "2-WAY", "WRONG WAY", "TAXI", "BUS", "PIZZA")


_POOL = 640


def distractor(rng: Rng) -> Picture:
    """One of a pool of drawn things, red ones more often. Shared: copy before writing into it."""
    return _drawn(int(rng.integers(_POOL)))


@lru_cache(maxsize=_POOL)
def _drawn(number: int) -> Picture:
    """The pool's `number`, the same in every process."""
    rng = np.random.default_rng([5041, number])
    weights = np.array([kind[1] for kind in _KINDS], float)
    patch = _KINDS[int(rng.choice(len(_KINDS), p=weights / weights.sum()))][0](rng)
    patch.setflags(write=False)
    return patch


def _plate(rng: Rng, colour: Colour) -> Picture:
    """A rectangle with a border, text or an arrow."""
    tall, wide = int(rng.uniform(40, 160)), 160
    patch = blank(tall, wide, colour)
    patch[..., 3] = 255
    ink = _WHITE if sum(colour) < 480 else jitter(rng, (30, 30, 35), 15)
    if rng.random() < 0.6:
        cv2.rectangle(patch, (5, 5), (wide - 6, tall - 6), (*ink, 255), int(rng.integers(1, 6)))
    if rng.random() < 0.85:
        text = str(rng.choice(_PLATES)) if rng.random() < 0.4 else words(rng)
        mask = lettering(rng, text, int(tall * rng.uniform(0.25, 0.7)))
        write(patch, mask, wide / 2, tall / 2, ink, wide * 0.85)
    return patch


def red_plate(rng: Rng) -> Picture:
    """A red rectangle with white text: ALL WAY, SALE, a shop's name."""
    return _plate(rng, any_red(rng))


def other_plate(rng: Rng) -> Picture:
    """A plate of any other colour: street names, parking, paper."""
    base = any_colour(rng) if rng.random() < 0.5 else _BLUES[int(rng.integers(3))]
    return _plate(rng, jitter(rng, base if rng.random() < 0.8 else (20, 110, 60), 12))


def red_polygon(rng: Rng) -> Picture:
    """A red shape of 3 to 6 or 11 sides, never eight, with or without text."""
    sides = int(rng.choice([3, 3, 4, 5, 6, 11]))
    turn = rng.uniform(0, 2 * np.pi)
    angles = turn + np.arange(sides) * 2 * np.pi / sides
    radii = 78 * rng.uniform(0.7, 1.0, sides) if rng.random() < 0.4 else np.full(sides, 78.0)
    outline = 80 + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    red = any_red(rng)
    patch = blank(160, 160, red)
    polygon(patch, outline, (*(_WHITE if rng.random() < 0.5 else red), 255))
    polygon(patch, 80 + (outline - 80) * 0.9, (*red, 255))
    if rng.random() < 0.5:
        write(patch, lettering(rng, words(rng), 44), 80, 80, _WHITE, 90)
    return patch


def octagon_of_another_colour(rng: Rng) -> Picture:
    """Blue, green, yellow, black or grey, with text: the shape alone is not the sign."""
    bases = (
        (20, 70, 150),
        (30, 120, 70),
        (225, 190, 50),
        (25, 25, 28),
        (130, 130, 130),
        (235,) * 3,
    )
    colour = jitter(rng, bases[int(rng.integers(len(bases)))], 15)
    ink = _WHITE if sum(colour) < 400 else (25, 25, 28)
    patch = blank(160, 160, colour)
    polygon(patch, octagon(158) + 80, (*ink, 255))
    polygon(patch, octagon(146) + 80, (*colour, 255))
    if rng.random() < 0.6:
        write(patch, lettering(rng, words(rng), 50), 80, 80, ink, 120)
    return patch


def red_disc(rng: Rng) -> Picture:
    """A red disc, plain, ringed or with text: a lamp, a logo, a ball."""
    red = any_red(rng)
    patch = blank(160, 160, red)
    disc(patch, 80, 80, 78, (*(_WHITE if rng.random() < 0.4 else red), 255))
    disc(patch, 80, 80, rng.uniform(60, 76), (*red, 255))
    if rng.random() < 0.35:
        write(patch, lettering(rng, words(rng), 46), 80, 80, _WHITE, 120)
    return patch


def ring(rng: Rng) -> Picture:
    """A prohibition without a number: no parking, no turn, a clock."""
    red = any_red(rng) if rng.random() < 0.8 else (40, 40, 42)
    field = _BLUES[int(rng.integers(3))] if rng.random() < 0.45 else _WHITE
    patch = blank(160, 160, red)
    disc(patch, 80, 80, 78, (*red, 255))
    disc(patch, 80, 80, rng.uniform(58, 68), (*field, 255))
    if field == _WHITE:
        cv2.line(patch, (80, 120), (80, 60), (25, 25, 28, 255), 12)
        cv2.line(patch, (80, 62), (int(rng.uniform(40, 120)), 62), (25, 25, 28, 255), 12)
    reach = 46
    cv2.line(patch, (80 - reach, 80 - reach), (80 + reach, 80 + reach), (*red, 255), 12)
    if rng.random() < 0.4:
        cv2.line(patch, (80 + reach, 80 - reach), (80 - reach, 80 + reach), (*red, 255), 12)
    return patch


def command(rng: Rng) -> Picture:
    """A blue disc or square with a white arrow or figure."""
    blue = jitter(rng, _BLUES[int(rng.integers(3))], 14)
    patch = blank(160, 160, blue)
    if rng.random() < 0.6:
        disc(patch, 80, 80, 78, (*_WHITE, 255))
        disc(patch, 80, 80, 72, (*blue, 255))
    else:
        patch[..., 3] = 255
    cv2.line(patch, (80, 130), (80, 60), (*_WHITE, 255), 18)
    polygon(patch, [(80, 25), (118, 72), (42, 72)], (*_WHITE, 255))
    turned = np.rot90(patch, int(rng.integers(4)))
    return np.ascontiguousarray(turned)


def warning(rng: Rng) -> Picture:
    """A triangle on its base with a red border, or a yellow diamond."""
    ink = (28, 28, 30)
    if rng.random() < 0.6:
        patch = blank(150, 160, any_red(rng))
        outline = np.array([(80, 3), (157, 146), (3, 146)], float)
        middle = outline.mean(axis=0)
        polygon(patch, outline, (*any_red(rng), 255))
        field = _WHITE if rng.random() < 0.7 else (240, 200, 60)
        polygon(patch, middle + (outline - middle) * rng.uniform(0.55, 0.75), (*field, 255))
    else:
        yellow = jitter(rng, (235, 185, 40), 15)
        patch = blank(160, 160, yellow)
        polygon(patch, [(80, 2), (158, 80), (80, 158), (2, 80)], (*ink, 255))
        polygon(patch, [(80, 9), (151, 80), (80, 151), (9, 80)], (*yellow, 255))
    for _ in range(3):
        x, y = rng.uniform(66, 94), rng.uniform(70, 115)
        disc(patch, x, y, rng.uniform(5, 14), (*ink, 255), rng.uniform(0.5, 2))
    return patch


def traffic_light(rng: Rng) -> Picture:
    """A dark box with three lamps, one lit and glowing."""
    patch = blank(240, 90, jitter(rng, (30, 32, 30), 12))
    patch[..., 3] = 255
    lit = int(rng.integers(3))
    colours = ((255, 50, 40), (255, 180, 40), (60, 240, 140))
    for index, colour in enumerate(colours):
        shown = colour if index == lit else tuple(part // 5 for part in colour)
        disc(patch, 45, 45 + 75 * index, 32, (*shown, 255))
    if rng.random() < 0.6:
        disc(patch, 45, 45 + 75 * lit, 16, (255, 235, 220, 255))
    return patch


def glow(rng: Rng) -> Picture:
    """A brake light or lamp: bright in the middle, fading out."""
    ys, xs = np.mgrid[-1:1:96j, -1:1:96j]
    fall = np.clip(1 - np.hypot(xs, ys * rng.uniform(1, 2.5)), 0, 1)
    red = any_red(rng) if rng.random() < 0.75 else any_colour(rng)
    patch = blank(96, 96, red)
    heart = np.clip(fall * 3 - 1.6, 0, 1)[..., None] * rng.uniform(0, 1)
    patch[..., :3] = (patch[..., :3] * (1 - heart) + 255 * heart).astype(np.uint8)
    patch[..., 3] = (np.clip(fall * rng.uniform(1.5, 5), 0, 1) * 255).astype(np.uint8)
    return patch


def awning(rng: Rng) -> Picture:
    """A shop front: stripes, a fascia with a name, dark windows."""
    patch = blank(120, 200, jitter(rng, (70, 70, 75), 25))
    patch[..., 3] = 255
    first, second = any_red(rng), any_colour(rng)
    step = int(rng.integers(10, 34))
    for index, left in enumerate(range(0, 200, step)):
        rectangle(patch, left, 34, left + step, 66, (*(first if index % 2 else _WHITE), 255))
    rectangle(patch, 0, 0, 200, 36, (*(first if rng.random() < 0.6 else second), 255))
    write(patch, lettering(rng, words(rng, 9), 24), 100, 18, _WHITE, 150)
    return patch


def crossbuck(rng: Rng) -> Picture:
    """A railway cross, white with red ends."""
    patch = blank(120, 160, _WHITE)
    for ends in (((6, 16), (154, 104)), ((6, 104), (154, 16))):
        red = any_red(rng)
        cv2.line(patch, ends[0], ends[1], (*red, 255), 22, cv2.LINE_AA)
        inner = np.array(ends[0]) * 0.7 + np.array(ends[1]) * 0.3
        outer = np.array(ends[0]) * 0.3 + np.array(ends[1]) * 0.7
        cv2.line(patch, inner.astype(int).tolist(), outer.astype(int).tolist(), (*_WHITE, 255), 22)
    return patch


def striped(rng: Rng) -> Picture:
    """A barrier or post in red and white or black and white stripes."""
    patch = blank(40, 200, _WHITE)
    patch[..., 3] = 255
    ink = any_red(rng) if rng.random() < 0.7 else (30, 30, 32)
    for left in range(0, 200, 40):
        polygon(patch, [(left, 0), (left + 20, 0), (left + 32, 40), (left + 12, 40)], (*ink, 255))
    return patch if rng.random() < 0.5 else np.ascontiguousarray(np.rot90(patch))


_KINDS = (
    (red_plate, 3.0),
    (red_polygon, 2.5),
    (red_disc, 1.5),
    (ring, 1.2),
    (other_plate, 1.6),
    (octagon_of_another_colour, 0.7),
    (command, 1.0),
    (warning, 1.2),
    (traffic_light, 1.0),
    (glow, 1.5),
    (awning, 0.8),
    (crossbuck, 0.5),
    (striped, 0.6),
)
