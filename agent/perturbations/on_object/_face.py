"""Drawings in the plane of a sign: where its face is, and polygons, both with fair edges.

Polygons are in parts of the hull's side about its centre, x right, y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.shapes import Shape, outline
from agent.perturbations._layers import kept

_SHIFT: Final = 4
_LARGEST: Final = 1600  # pixels across the finer drawing that coverage is averaged from


@kept
def face(side: int, shape: Shape, scale: float = 1.0) -> NDArray[np.uint8]:
    """Coverage of a sign's face on its hull, (side, side), 0..255."""
    return covered(side, [outline(shape) * scale])


def covered(side: int, polygons: Sequence[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """Coverage of polygons (N, 2) together, (side, side), 0..255."""
    drawing = canvas(side)
    for polygon in polygons:
        paint(drawing, polygon, (255,))
    return shrunk(drawing, side)


def canvas(side: int, channels: int = 1) -> NDArray[np.uint8]:
    """An empty drawing, some times finer than a layer of ``side`` pixels."""
    fine = min(4, max(_LARGEST // side, 1)) * side
    return np.zeros((fine, fine) if channels == 1 else (fine, fine, channels), np.uint8)


def paint(
    drawing: NDArray[np.uint8], polygon: NDArray[np.float64], colour: tuple[int, ...]
) -> None:
    """Fill a polygon of a drawing that spans the hull."""
    pixels = (polygon + 0.5) * drawing.shape[0] - 0.5
    fixed = np.round(np.clip(pixels, -1e4, 1e4) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(drawing, [fixed], colour, cv2.LINE_8, _SHIFT)


def shrunk(drawing: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A drawing averaged to (side, side)."""
    return np.asarray(cv2.resize(drawing, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def clipped(layer: NDArray[np.uint8], shape: Shape, scale: float = 1.0) -> NDArray[np.uint8]:
    """A layer (side, side, C) that ends where the face does."""
    inside = face(layer.shape[0], shape, scale)
    return np.asarray(cv2.multiply(layer, cv2.merge([inside] * layer.shape[2]), scale=1 / 255))


@kept
def face_points(shape: Shape, count: int = 48) -> NDArray[np.float64]:
    """Points (N, 2) spread evenly over a face, in parts of its hull's side."""
    line = (np.arange(count) + 0.5) / count - 0.5
    across, down = np.meshgrid(line, line)
    points = np.stack([across.ravel(), down.ravel()], 1)
    return np.asarray(points[clearance(points, shape) >= 0])


def clearance(points: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """How far inside a face's outline points (..., 2) lie, (...); less than 0 outside."""
    corners = outline(shape)
    along = np.roll(corners, -1, 0) - corners
    inward = np.stack([-along[:, 1], along[:, 0]], 1) / np.hypot(*along.T)[:, None]
    offsets = (corners * inward).sum(1)
    flat = inward @ points.reshape(-1, 2).T - offsets[:, None]
    return np.asarray(flat.min(0).reshape(points.shape[:-1]))
