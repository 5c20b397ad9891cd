"""The outlines that road signs have, seen flat.

Every outline lies in a square hull of side 1 about the origin, x right, y down: a sign's
position is the position of that hull, whatever the sign's shape.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from agent.geometry.sign_face import octagon

Shape: TypeAlias = Literal[
    "octagon", "circle", "triangle", "inverted_triangle", "square", "diamond"
]
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)

_ROUND = 32  # corners that a circle is drawn with: off by half a percent of its radius
_EQUILATERAL = float(np.sqrt(3) / 2)


@cache
def outline(shape: Shape) -> NDArray[np.float64]:
    """Corners (N, 2) of a shape in a hull of side 1, clockwise as seen; read-only.

    An equilateral triangle is as wide as the hull and centred in its height.
    """
    corners = _corners(shape)
    corners.flags.writeable = False
    return corners


def _corners(shape: Shape) -> NDArray[np.float64]:
    high = _EQUILATERAL / 2
    if shape == "octagon":
        return octagon(1.0)
    if shape == "circle":
        turn = 2 * np.pi * np.arange(_ROUND) / _ROUND
        return np.asarray(0.5 * np.stack([np.cos(turn), np.sin(turn)], 1), np.float64)
    if shape == "triangle":
        return np.array([(0, -high), (0.5, high), (-0.5, high)])
    if shape == "inverted_triangle":
        return np.array([(-0.5, -high), (0.5, -high), (0, high)])
    if shape == "square":
        return np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    return np.array([(0, -0.5), (0.5, 0.0), (0, 0.5), (-0.5, 0.0)])
