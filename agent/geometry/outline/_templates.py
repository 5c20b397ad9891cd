"""Shapes as points with normals, and where a coarse search looks for each of them."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.geometry.shapes import Shape, outline

Array = NDArray[np.float64]

SAMPLES: Final = 48
"""Points on an outline: six on each side of an octagon."""

CANVAS: Final = 48
"""Side of the coarse search's canvas in pixels."""

INNER: Final = 0.64
"""Part of a canvas that the box fills: a margin of 28 % of the box on each side."""

ORIENTATIONS: Final = 8
"""Directions of edges that the coarse search tells apart, over half a turn."""

_SHIFTS: Final = tuple(np.arange(-3, 4) * 0.05)
_SCALES: Final = (0.72, 0.78, 0.84, 0.9, 0.96, 1.02, 1.08, 1.14, 1.2)
_ASPECTS: Final = (0.9, 1.0, 1.11)


class Template(NamedTuple):
    """A shape in its hull of side 1: ``points`` and outward ``normals`` (N, 2), the ``side`` that
    each point lies on (N,), the width and height of the shape itself, and how far below the
    hull's centre the ``middle`` of the circle in it is."""

    points: Array
    normals: Array
    side: NDArray[np.int64]
    extent: tuple[float, float]
    middle: float


class Search(NamedTuple):
    """Placements tried at first: ``matrices`` (M, 6) as a, b, c, d, e, f of x = a u + b v + c,
    y = d u + e v + f in boxes, and for each the flat indices (M, N) into the edge maps."""

    matrices: Array
    indices: NDArray[np.int32]


@cache
def template(shape: Shape) -> Template:
    """The points of a shape, evenly spaced within each side and clear of its corners."""
    corners = outline(shape)
    count = len(corners)
    sides = min(count, 8)
    each = SAMPLES // count if count <= 8 else 0
    if each:
        along = (np.arange(each) + 0.5) / each
        ends = np.roll(corners, -1, 0)
        points = (corners[:, None] + (ends - corners)[:, None] * along[:, None]).reshape(-1, 2)
        edges = np.repeat(ends - corners, each, 0)
        normals = np.stack([edges[:, 1], -edges[:, 0]], 1)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        side = np.repeat(np.arange(count), each)
    else:
        turn = 2 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES
        normals = np.stack([np.cos(turn), np.sin(turn)], 1)
        points = 0.5 * normals
        side = np.arange(SAMPLES) * sides // SAMPLES
    extent = corners.max(0) - corners.min(0)
    return Template(
        points, normals, side, (float(extent[0]), float(extent[1])), float(corners[:, 1].mean())
    )


@cache
def search(shape: Shape) -> Search:
    """All placements of a shape about a box: moved, enlarged and squeezed by up to a fifth."""
    made = template(shape)
    rows = [
        (scale * aspect / made.extent[0], 0.0, x, 0.0, scale / aspect / made.extent[1], y)
        for x, y, scale, aspect in product(_SHIFTS, _SHIFTS, _SCALES, _ASPECTS)
    ]
    matrices = np.array(rows)
    x = matrices[:, :1] * made.points[:, 0] + matrices[:, 2:3]
    y = matrices[:, 4:5] * made.points[:, 1] + matrices[:, 5:6]
    column = np.clip((x * INNER + 0.5) * CANVAS, 0, CANVAS - 1).astype(np.int64)
    row = np.clip((y * INNER + 0.5) * CANVAS, 0, CANVAS - 1).astype(np.int64)
    slope = made.normals / np.array(made.extent)[::-1]  # a normal under the box's own stretching
    angle = np.arctan2(slope[:, 1], slope[:, 0]) / np.pi * ORIENTATIONS
    channel = np.round(angle).astype(np.int64) % ORIENTATIONS
    flat = (channel * CANVAS + row) * CANVAS + column
    return Search(matrices, flat.astype(np.int32))
