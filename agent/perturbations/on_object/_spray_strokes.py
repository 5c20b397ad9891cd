"""What a spray can writes on a sign, as paths: tags in a hand of our own, marks and scribbles.

Paths are in parts of the sign's hull about its middle, x right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
"""(N, 2): points that a can passes in turn, not yet rounded off."""

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
    paths: tuple[Path, ...]


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
    first = tag(chance, width=chance.uniform(0.72, 0.86), centre=(0.0, chance.uniform(-0.12, 0.12)))
    if chance.random() < 0.6:
        first += (flourish(chance),)
    second = tag(
        chance,
        width=chance.uniform(0.42, 0.6),
        centre=(chance.uniform(-0.12, 0.12), float(chance.choice((-0.27, 0.27)))),
    )
    if chance.random() < 0.5:
        second += mark(chance)
    last = (scribble(chance),)
    widths = chance.uniform((1.9, 1.5, 4.0), (3.1, 2.2, 5.5))
    works = (first, second, last)
    return tuple(
        Writer(_INKS[int(ink)], float(width), paths)
        for ink, width, paths in zip(inks, widths, works, strict=False)
    )


def tag(
    chance: np.random.Generator, *, width: float, centre: tuple[float, float]
) -> tuple[Path, ...]:
    """A short word in a quick, leaning hand, as wide as ``width`` of the hull."""
    letters = chance.integers(len(_LETTERS), size=int(chance.integers(3, 6)))
    paths: list[Path] = []
    for place, letter in enumerate(letters):
        shift = np.array((place * _ADVANCE, chance.normal(0, 0.05)))
        tall = chance.uniform(0.85, 1.2) * (1.25 if place == 0 else 1.0)
        for stroke in _HAND[_LETTERS[int(letter)]]:
            points = np.array(stroke, np.float64) - (0, 0.5)
            points += chance.normal(0, 0.035, points.shape)
            paths.append(points * (1, tall) + shift)
    length = len(letters) * _ADVANCE
    size = min(width / length, 0.42)
    turn = chance.uniform(-0.24, 0.1)
    cos, sin = np.cos(turn), np.sin(turn)
    lean = np.array(((1, 0), (-_LEAN, 1))) @ np.array(((cos, sin), (-sin, cos)))
    middle = np.array((length / 2 - 0.08, 0.0))
    return tuple(((path - middle) * size) @ lean + centre for path in paths)


def flourish(chance: np.random.Generator) -> Path:
    """A line swung below a tag and back."""
    y = chance.uniform(0.2, 0.3)
    across = (-0.36, 0.0, 0.36, 0.12, -0.22)
    down = (y + 0.02, y - 0.02, y - 0.05, y + 0.05, y + 0.08)
    return np.asarray(np.stack([across, down], 1) + chance.normal(0, 0.012, (5, 2)), np.float64)


def mark(chance: np.random.Generator) -> tuple[Path, ...]:
    """An X, an arrow or a crown."""
    x, y = chance.uniform(-0.24, 0.24), chance.uniform(-0.28, 0.28)
    shapes = (
        (((-1, -1), (1, 1)), ((1, -1.1), (-1, 1))),
        (((-1.4, 0.5), (0, 0.1), (1.4, -0.5)), ((0.7, -0.9), (1.4, -0.5), (1.1, 0.3))),
        (
            (
                (-1, 0.7),
                (-1.1, -0.7),
                (-0.4, 0.1),
                (0, -1),
                (0.4, 0.1),
                (1.1, -0.7),
                (1, 0.7),
                (-1, 0.7),
            ),
        ),
    )
    size = chance.uniform(0.09, 0.15)
    chosen = shapes[int(chance.integers(len(shapes)))]
    return tuple(np.array(stroke, np.float64) * size + (x, y) for stroke in chosen)


def scribble(chance: np.random.Generator) -> Path:
    """Back and forth across the sign, as one crosses out another's tag."""
    turns = 13
    across = np.where(np.arange(turns) % 2 == 0, -1, 1) * chance.uniform(0.3, 0.44, turns)
    down = np.linspace(-0.34, 0.36, turns) + chance.normal(0, 0.015, turns)
    turn = chance.uniform(-0.5, 0.5)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.asarray(np.stack([across, down], 1) @ np.array(((cos, sin), (-sin, cos))))


def rounded(path: Path, step: float) -> Path:
    """A path's points joined by a Catmull-Rom spline, about ``step`` apart: (M, 2)."""
    ends = np.concatenate([2 * path[:1] - path[1:2], path, 2 * path[-1:] - path[-2:-1]])
    lengths = np.hypot(*np.diff(path, axis=0).T)
    pieces = np.maximum(np.ceil(lengths / step), 1).astype(int)
    place = np.repeat(np.arange(len(pieces)), pieces)
    first = np.cumsum(pieces) - pieces
    t = ((np.arange(len(place)) - first[place]) / pieces[place])[:, None]
    p0, p1, p2, p3 = (ends[place + k] for k in range(4))
    slope, bend = p2 - p0, 2 * p0 - 5 * p1 + 4 * p2 - p3
    curve = p1 + 0.5 * t * (slope + t * (bend + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(np.concatenate([curve, path[-1:]]))
