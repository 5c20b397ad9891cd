"""The sign's plane: from centimetres on the sign to pixels in the picture.

Sign coordinates are centimetres, origin at the centre of the sign's square hull, x right, y down.
Pixels are continuous: pixel i covers [i, i + 1), so its centre is at i + 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.shapes import Shape, outline
from agent.values import Box, Pixels, Quad

CROP_FILL = 0.9
"""Part of a classifier's crop that the sign fills: the usual 5 % of margin on each side (GTSRB)."""

_SHIFT = 4  # fractional bits of the coordinates handed to OpenCV
_LEAST_SIDE_PX = 2.0
_FLAT_PX = 0.05  # perspective that moves less is left out: an affine warp is a third faster


@dataclass(frozen=True, slots=True)
class Window:
    """Whole pixels inside a picture: left, top, right, bottom (the far ones excluded)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return max(self.x1 - self.x0, 0)

    @property
    def height(self) -> int:
        return max(self.y1 - self.y0, 0)

    @property
    def empty(self) -> bool:
        return self.width == 0 or self.height == 0

    def of(self, pixels: Pixels) -> Pixels:
        """The view of a picture (H, W, ...) under this window."""
        return pixels[self.y0 : self.y1, self.x0 : self.x1]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Where a sign lies in a picture.

    ``matrix`` (3, 3) takes sign centimetres to pixels; ``corners`` (4, 2) are the hull's corners
    in pixels, from the top-left one clockwise; ``size_cm`` is the hull's side; ``shape`` is the
    outline that the sign fills its hull with.
    """

    matrix: NDArray[np.float64]
    corners: NDArray[np.float64]
    size_cm: float
    shape: Shape = "octagon"

    side_px: float = field(init=False)
    """The side of a square as large in the picture as the hull is."""

    def __post_init__(self) -> None:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = self.corners.tolist()
        area = 0.5 * abs((cx - ax) * (dy - by) - (dx - bx) * (cy - ay))
        object.__setattr__(self, "side_px", float(max(area**0.5, _LEAST_SIDE_PX)))

    @property
    def px_per_cm(self) -> float:
        return self.side_px / self.size_cm

    def project(self, points_cm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (N, 2) of points (N, 2) in sign centimetres."""
        seen = points_cm @ self.matrix[:, :2].T + self.matrix[:, 2]
        depth = seen[:, 2:]
        return np.asarray(seen[:, :2] / np.where(np.abs(depth) < 1e-9, 1e-9, depth))

    def window(
        self, shape: tuple[int, ...], *, extent: float = 1.0, margin_px: float = 2.0
    ) -> Window:
        """The part of a picture of ``shape`` (H, W, ...) that the sign's hull lies in.

        ``extent`` enlarges the hull about its centre (2 = twice as wide); ``margin_px`` is added
        on all sides. Empty where the hull is outside the picture.
        """
        columns, rows = zip(*self.corners.tolist(), strict=True)
        x0, x1 = _span(columns, extent, margin_px, shape[1])
        y0, y1 = _span(rows, extent, margin_px, shape[0])
        return Window(x0, y0, x1, y1)

    def mask(self, window: Window, *, scale: float = 1.0) -> NDArray[np.uint8]:
        """Coverage of the sign's face in a window, 0..255, (h, w); ``scale`` shrinks the face
        about its centre."""
        return self.fill(outline(self.shape) * (scale * self.size_cm), window)

    def fill(self, polygon_cm: NDArray[np.float64], window: Window) -> NDArray[np.uint8]:
        """Coverage of a polygon (N, 2) given in sign centimetres, 0..255, (h, w)."""
        fine = 4 if max(window.width, window.height) <= 640 else 2
        mask = np.zeros((window.height * fine, window.width * fine), np.uint8)
        points = (self.project(polygon_cm) - (window.x0, window.y0)) * fine - 0.5
        fixed = np.round(np.clip(points, -1e4, 1e4) * (1 << _SHIFT)).astype(np.int32)
        # OpenCV's own antialiasing draws polygons half a pixel too large, so it is not used.
        cv2.fillPoly(mask, [fixed], (255,), lineType=cv2.LINE_8, shift=_SHIFT)
        size = (window.width, window.height)
        return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)

    def warp(
        self,
        layer: NDArray[np.uint8],
        window: Window,
        *,
        extent: float = 1.0,
        motion: NDArray[np.float64] | None = None,
    ) -> NDArray[np.uint8]:
        """A square layer (S, S, C) of the sign's plane as seen in a window, (h, w, C).

        The layer spans ``extent`` times the hull; ``motion`` (3, 3) moves it beforehand, in sign
        centimetres. Zero outside the layer. The layer should have about as many pixels as the
        sign has in the picture (see ``layer_side``): interpolation is bilinear.
        """
        matrix = self.drawn(layer.shape[0], self.size_cm * extent, window, motion)
        return self.seen(layer, matrix, (window.width, window.height), extent=extent)

    def seen(
        self,
        picture: NDArray[np.uint8],
        matrix: NDArray[np.float64],
        size: tuple[int, int],
        flags: int = 0,
        border: int = cv2.BORDER_CONSTANT,
        *,
        extent: float = 1.0,
    ) -> NDArray[np.uint8]:
        """A picture through a matrix from ``drawn``, without perspective where there is none."""
        flags |= cv2.INTER_LINEAR
        if self._flat(extent):
            flat = cv2.warpAffine(picture, matrix[:2], size, flags=flags, borderMode=border)
            return np.asarray(flat, np.uint8)
        deep = cv2.warpPerspective(picture, matrix, size, flags=flags, borderMode=border)
        return np.asarray(deep, np.uint8)

    def drawn(
        self,
        side: int,
        span_cm: float,
        window: Window,
        motion: NDArray[np.float64] | None = None,
        *,
        grain: tuple[float, float] = (1, 1),
    ) -> NDArray[np.float64]:
        """(3, 3) from the pixels of a drawing to a window's, both counted at their centres.

        The drawing (side, side) spans ``span_cm`` about the sign's centre; ``motion`` moves it;
        ``grain`` is how many pixels of the picture, across and down, make one of the window.
        """
        step = span_cm / side
        first = 0.5 * (step - span_cm)
        to_cm = np.array(((step, 0, first), (0, step, first), (0, 0, 1.0)))
        x, y = 1 / grain[0], 1 / grain[1]
        back = np.array(((x, 0, -0.5 - window.x0 * x), (0, y, -0.5 - window.y0 * y), (0, 0, 1.0)))
        return np.asarray(back @ self.matrix @ (to_cm if motion is None else motion @ to_cm))

    def _flat(self, extent: float) -> bool:
        """Whether perspective moves nothing within so many hulls by more than a twentieth px."""
        bend = abs(float(self.matrix[2, 0])) + abs(float(self.matrix[2, 1]))
        return bend * 0.5 * self.size_cm * extent * self.side_px * extent < _FLAT_PX

    def layer_side(self, *, extent: float = 1.0, limit: int = 768) -> int:
        """A fitting side in pixels for a layer: steps of the square root of two, so that
        neighbouring distances share one drawing."""
        wanted = max(self.side_px * extent, 16.0)
        step = math.ceil(2 * math.log2(wanted))
        return min(math.ceil(2 ** (step / 2)), limit)


def _span(places: tuple[float, ...], extent: float, margin: float, limit: int) -> tuple[int, int]:
    """First and past-last whole pixel, within a picture, of corners spread about their middle."""
    middle = sum(places) / len(places)
    low = middle + (min(places) - middle) * extent - margin
    high = middle + (max(places) - middle) * extent + margin
    return math.floor(min(max(low, 0), limit)), math.ceil(min(max(high, 0), limit))


def sign_plane(
    shape: tuple[int, ...],
    *,
    region: Box | None = None,
    quad: Quad | None = None,
    size_cm: float = 76.2,
    face: Shape = "octagon",
) -> Plane:
    """The plane of a target in a picture of ``shape`` (H, W, ...), whose sign is a ``face``.

    From the quad where it is known and not degenerate; else the box (as the hull of a sign seen
    squarely); else the middle of the picture, as in a classifier's crop.
    """
    return _located(tuple(shape[:2]), region, quad, max(size_cm, 1e-3), face)


@lru_cache(maxsize=64)  # a frame is tried under many conditions; a plane is some hundred bytes
def _located(
    shape: tuple[int, ...], region: Box | None, quad: Quad | None, size: float, face: Shape
) -> Plane:
    if quad is not None:
        corners = np.asarray(quad, np.float64)
        if convex(corners):
            return _plane(corners, size, face)
        region = region or Box(*corners.min(0), *corners.max(0))
    if region is None:
        side = CROP_FILL * min(shape[0], shape[1])
        x, y = shape[1] / 2, shape[0] / 2
        region = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    x, y = region.centre
    half_x = max(region.width, _LEAST_SIDE_PX) / 2
    half_y = max(region.height, _LEAST_SIDE_PX) / 2
    left, right, top, bottom = x - half_x, x + half_x, y - half_y, y + half_y
    return _plane(
        np.array([(left, top), (right, top), (right, bottom), (left, bottom)]), size, face
    )


def _plane(corners: NDArray[np.float64], size: float, face: Shape) -> Plane:
    half = size / 2
    flat = np.array([(-half, -half), (half, -half), (half, half), (-half, half)], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    return Plane(np.asarray(matrix, np.float64), corners, size, face)


def convex(corners: NDArray[np.float64]) -> bool:
    """True for four finite corners that go round once and enclose something."""
    if corners.shape != (4, 2) or not np.isfinite(corners).all():
        return False
    edges = np.roll(corners, -1, 0) - corners
    after = np.roll(edges, -1, 0)
    turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
    return bool((turns > 0.5).all() or (turns < -0.5).all())
