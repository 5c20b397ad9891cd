"""What a spray can writes on a sign, as paths: tags in a hand of our own, marks and scribbles.

Paths are in parts of the sign's hull about its middle, x right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2): places that a can passes, not yet rounded off."""

Ends = NDArray[np.int64]
"""(K,): how many of the points belong to each path in turn."""

Paths = tuple[Points, Ends]

_HAND: Final[dict[str, tuple[tuple[tuple[float, float], ...], ...]]] = {
    "A": (((0, 1), (0.16, 0.45), (0.34, 0), (0.5, 0.5), (0.62, 1.02)), ((0.02, 0.72), (0.7, 0.58))),
    "B": (
        ((0.1, 1), (0.06, 0.5), (0.1, 0), (0.5, 0.1), (0.46, 0.38), (0.12, 0.48)),
        ((0.12, 0.48), (0.58, 0.6), (0.5, 0.95), (0.05, 1)),
    ),
    "C": (((0.58, 0.12), (0.3, 0), (0.02, 0.4), (0.12, 0.88), (0.42, 1), (0.64, 0.84)),),
    "E": (
        ((0.56, 0.04), (0.14, 0.1), (0.12, 0.36), (0.36, 0.48), (0.04, 0.7), (0.2, 1), (0.6, 0.92)),
    ),
    "H": (((0.06, 0), (0.02, 1)), ((0.04, 0.58), (0.52, 0.44)), ((0.58, -0.05), (0.54, 1.04))),
    "K": (((0.08, 0), (0.04, 1)), ((0.56, 0.02), (0.1, 0.56), (0.34, 0.72), (0.66, 1.06))),
    "M": (((0, 1.03), (0.12, 0), (0.36, 0.66), (0.62, 0), (0.76, 1.04)),),
    "N": (((0, 1), (0.08, 0.02), (0.48, 0.98), (0.58, -0.04)),),
    "O": (((0.34, 0.03), (0.03, 0.4), (0.2, 0.98), (0.58, 0.66), (0.46, 0.1), (0.2, 0.06)),),
    "R": (
        (
            (0.06, 1.03),
            (0.06, 0.04),
            (0.5, 0.08),
            (0.46, 0.42),
            (0.1, 0.52),
            (0.4, 0.7),
            (0.68, 1.06),
        ),
    ),
    "S": (((0.58, 0.1), (0.26, 0), (0.08, 0.26), (0.5, 0.58), (0.44, 0.94), (0.02, 0.94)),),
    "T": (((-0.04, 0.1), (0.34, 0.02), (0.72, 0.04)), ((0.36, 0.04), (0.3, 1.06))),
    "U": (((0.04, 0), (0.02, 0.7), (0.26, 1), (0.52, 0.72), (0.56, -0.02)),),
    "X": (((0.02, 0), (0.62, 1.04)), ((0.6, -0.02), (0, 1.02))),
    "Y": (((0, 0), (0.3, 0.5)), ((0.62, -0.04), (0.3, 0.5), (0.12, 1.1))),
    "Z": (((0.02, 0.08), (0.6, 0.02), (0.04, 0.94), (0.7, 0.9)),),
    "3": (((0.06, 0.08), (0.5, 0.08), (0.2, 0.44), (0.56, 0.7), (0.3, 1.02), (0, 0.9)),),
}
_LETTERS: Final = tuple(_HAND)
_ADVANCE: Final = 0.78  # from letter to letter, in letter heights
_LEAN: Final = 0.16


@dataclass(frozen=True, slots=True)
class Writer:
    """One who sprayed: the paint, the line's width in cm, and the paths in the order sprayed."""

    ink: tuple[int, int, int]
    width_cm: float
    paths: Paths


_INKS: Final = (
    (22, 22, 24),
    (22, 22, 24),
    (28, 30, 40),
    (232, 232, 228),
    (176, 180, 184),  # chrome
    (30, 62, 150),
    (36, 128, 66),
    (196, 40, 120),
    (88, 44, 132),
    (236, 190, 40),
)


def writers(chance: np.random.Generator) -> tuple[Writer, ...]:
    """Those who sprayed a sign, one after the other; the last one covers most of it."""
    inks = chance.permutation(len(_INKS))
    wide, high, narrow, beside = chance.uniform((0.72, -0.12, 0.42, -0.12), (0.86, 0.12, 0.6, 0.12))
    first = [tag(chance, wide, (0.0, high))]
    if chance.random() < 0.6:
        first.append(flourish(chance))
    second = [tag(chance, narrow, (beside, -0.27 if chance.random() < 0.5 else 0.27))]
    if chance.random() < 0.5:
        second.append(mark(chance))
    widths = chance.uniform((1.9, 1.5, 4.0), (3.1, 2.2, 5.5))
    works = (first, second, [scribble(chance)])
    return tuple(
        Writer(_INKS[int(ink)], float(width), _one_after_another(work))
        for ink, width, work in zip(inks[:3], widths, works, strict=True)
    )


def _one_after_another(works: list[Paths]) -> Paths:
    points, ends = zip(*works, strict=True)
    return np.concatenate(points), np.concatenate(ends)


def tag(chance: np.random.Generator, width: float, centre: tuple[float, float]) -> Paths:
    """A short word in a quick, leaning hand, as wide as ``width`` of the hull."""
    letters = chance.integers(len(_LETTERS), size=int(chance.integers(3, 6)))
    points, ends = _one_after_another([_letter(_LETTERS[letter]) for letter in letters])
    counts = [len(_letter(_LETTERS[letter])[0]) for letter in letters]
    tall = chance.uniform(0.85, 1.2, len(letters))
    tall[0] *= 1.25
    shift = np.stack([np.arange(len(letters)) * _ADVANCE, chance.normal(0, 0.05, len(letters))], 1)
    points = points + chance.normal(0, 0.035, points.shape)
    points[:, 1] *= np.repeat(tall, counts)
    points += np.repeat(shift, counts, 0)
    length = len(letters) * _ADVANCE
    points -= (length / 2 - 0.08, 0)
    points[:, 0] -= _LEAN * points[:, 1]
    turned = points @ _turn(chance.uniform(-0.24, 0.1))
    return turned * min(width / length, 0.42) + centre, ends


@cache  # seventeen letters of a hundred bytes
def _letter(letter: str) -> Paths:
    """A letter of height 1, its middle at height 0."""
    strokes = _HAND[letter]
    points = np.array([point for stroke in strokes for point in stroke], np.float64) - (0, 0.5)
    return points, np.array([len(stroke) for stroke in strokes])


def _turn(angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array(((cos, sin), (-sin, cos)))


def flourish(chance: np.random.Generator) -> Paths:
    """A line swung below a tag and back."""
    y = chance.uniform(0.2, 0.3)
    across = (-0.36, 0.0, 0.36, 0.12, -0.22)
    down = (y + 0.02, y - 0.02, y - 0.05, y + 0.05, y + 0.08)
    points = np.stack([across, down], 1) + chance.normal(0, 0.012, (5, 2))
    return points, np.array([5])


_MARKS: Final = (
    (((-1, -1), (1, 1)), ((1, -1.1), (-1, 1))),
    (((-1.4, 0.5), (0, 0.1), (1.4, -0.5)), ((0.7, -0.9), (1.4, -0.5), (1.1, 0.3))),
    (
        ((-1, 0.7), (-1.1, -0.7), (-0.4, 0.1), (0, -1)),
        ((0, -1), (0.4, 0.1), (1.1, -0.7), (1, 0.7), (-1, 0.7)),
    ),
)


def mark(chance: np.random.Generator) -> Paths:
    """An X, an arrow or a crown."""
    strokes = _MARKS[int(chance.integers(len(_MARKS)))]
    points = np.array([point for stroke in strokes for point in stroke], np.float64)
    size, place = chance.uniform(0.09, 0.15), chance.uniform((-0.24, -0.28), (0.24, 0.28))
    return points * size + place, np.array([len(stroke) for stroke in strokes])


def scribble(chance: np.random.Generator) -> Paths:
    """Back and forth across the sign, as one crosses out another's tag."""
    turns = 13
    across = np.where(np.arange(turns) % 2 == 0, -1, 1) * chance.uniform(0.3, 0.44, turns)
    down = np.linspace(-0.34, 0.36, turns) + chance.normal(0, 0.015, turns)
    return np.stack([across, down], 1) @ _turn(chance.uniform(-0.5, 0.5)), np.array([turns])


def pieces(paths: Paths, step: float) -> NDArray[np.float64]:
    """Straight pieces of about ``step`` along Catmull-Rom splines through paths: (M, 2, 2)."""
    points, ends = paths
    last = np.repeat(np.cumsum(ends) - 1, ends)
    first = np.repeat(np.cumsum(ends) - ends, ends)
    index = np.arange(len(points))
    inner = index[index < last]
    counts = np.maximum(np.ceil(np.hypot(*(points[inner + 1] - points[inner]).T) / step), 1)
    place = np.repeat(inner, counts.astype(int))
    number = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts.astype(int))
    part = 1 / np.repeat(counts, counts.astype(int))
    t = np.stack([number * part, (number + 1) * part], 1)[..., None]
    p0 = points[np.maximum(place - 1, first[place])][:, None]
    p1, p2 = points[place][:, None], points[place + 1][:, None]
    p3 = points[np.minimum(place + 2, last[place])][:, None]
    bend = 2 * p0 - 5 * p1 + 4 * p2 - p3
    curve = p1 + 0.5 * t * (p2 - p0 + t * (bend + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(curve, np.float64)
