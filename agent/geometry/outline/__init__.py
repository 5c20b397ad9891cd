"""Finding the outline of a sign near a box, to a fraction of a pixel.

The surroundings of the box are drawn to a common size. Each shape's outline is tried at many
places about the box on coarse maps of edges; the best ones are fitted, each under a homography,
to the edges along their normals; the one with the best support all round wins, and grows to the
outermost ring of its kind, since a sign's border has an edge on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from agent.geometry.outline._canvas import Canvas, canvas, edge_maps
from agent.geometry.outline._choice import best_of, confidence, outermost
from agent.geometry.outline._fit import Array, project, refine
from agent.geometry.outline._templates import search, template
from agent.geometry.plane import CROP_FILL
from agent.geometry.shapes import SHAPES, Shape
from agent.values import Box, Pixels, Quad

CONFIDENT: Final = 0.6
"""The confidence from which on an outline is better than the box."""

_LOST_BORDER: Final = 0.03
_LEAST_PX: Final = 4.0
_HULL: Final = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])


class Found(NamedTuple):
    """A sign's outline: its square hull, its shape, and the confidence in the hull, 0..1."""

    quad: Quad
    shape: Shape
    confidence: float


def find_outline(
    pixels: Pixels, region: Box | None, shapes: Sequence[Shape] = SHAPES
) -> Found | None:
    """The outline of the sign in a box of a picture, uint8 RGB (H, W, 3).

    The box may be off by about 15 % of its size on each side. ``region`` None is a classifier's
    crop. ``shapes`` are those that it may have. None where there is nothing to look at.
    """
    box = region or _crop(pixels)
    if not shapes or not _visible(pixels, box):
        return None
    drawn = canvas(pixels, box)
    names, start = _first_guesses(drawn, shapes)
    points = np.stack([template(name).points for name in names])
    normals = np.stack([template(name).normals for name in names])
    fitted = refine(drawn, points, normals, start)
    best = best_of(drawn, names, fitted)
    face, homography = names[best], fitted[best]
    homography, support = outermost(drawn, face, homography)
    hull = _HULL * _swelling(face, drawn.inner / drawn.blur)
    corners = drawn.to_picture(project(hull[None], homography[None])[0])
    quad = tuple((float(x), float(y)) for x, y in corners)
    return Found((quad[0], quad[1], quad[2], quad[3]), face, confidence(drawn, support))


def _swelling(face: Shape, side_px: float) -> float:
    """How much larger a sign is than the edge that is found of it.

    A stop sign's white border is 2.5 % of its size on either side (MUTCD R1-1). Where that is less
    than a pixel it mixes with what is behind, and the edge is between the red and the rim.
    """
    lost = float(np.clip((36.0 - side_px) / 8.0, 0.0, 1.0))
    return 1.0 + (_LOST_BORDER * lost if face == "octagon" else 0.0)


def _crop(pixels: Pixels) -> Box:
    """Where a sign is in a crop that was made for it."""
    height, width = pixels.shape[:2]
    margin = (1 - CROP_FILL) / 2
    return Box(margin * width, margin * height, (1 - margin) * width, (1 - margin) * height)


def _visible(pixels: Pixels, box: Box) -> bool:
    if not np.isfinite(box).all() or min(box.width, box.height) < _LEAST_PX:
        return False
    x, y = box.centre
    return bool(0 <= x < pixels.shape[1] and 0 <= y < pixels.shape[0])


def _first_guesses(drawn: Canvas, shapes: Sequence[Shape]) -> tuple[list[Shape], Array]:
    """Up to three placements of each shape: names (C) and homographies (C, 8)."""
    maps = edge_maps(drawn)
    names: list[Shape] = []
    starts: list[Array] = []
    for shape in shapes:
        tried = search(shape)
        scores = maps.take(tried.indices).mean(1)
        for pick in _spread(tried.matrices, scores):
            names.append(shape)
            starts.append(np.append(tried.matrices[pick], (0.0, 0.0)))
    return names, np.stack(starts)


def _spread(matrices: Array, scores: Array) -> list[int]:
    """The best placement, and the best clearly larger and smaller ones: rings lie in rings."""
    size = np.sqrt(matrices[:, 0] * matrices[:, 4])
    best = int(scores.argmax())
    picks = [best]
    for apart in (size > 1.07 * size[best], size < 0.93 * size[best]):
        if apart.any():
            picks.append(int(np.where(apart, scores, -1.0).argmax()))
    return picks
