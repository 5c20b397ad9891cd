"""What stands between camera and sign, upright in the picture: poles, and a lorry's back.

Lengths are in widths of the sign's hull, as seen at the sign's distance.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.plane import Plane, Window
from agent.geometry.shapes import Shape
from agent.perturbations._layers import kept
from agent.perturbations.on_object._face import face_points

LORRY: Final = (4.1, 6.0)
"""Width and height of the lorry: 2.4 by 3.5 m, a quarter nearer than a sign of 76 cm."""

POLES: Final = 3
LORRIES: Final = 6
PERIOD: Final = 2.0  # after so many widths a pole's surface repeats

_FINEST: Final = 160  # pixels to the sign's width that a lorry is drawn at, at most
_MARGIN_PX: Final = 2  # clear columns at either edge of a pole's drawing
_ROUND: Final = (0.58, 0.78, 0.9, 0.98, 1.0, 0.93, 0.8, 0.62, 0.44, 0.34, 0.3)
"""Brightness across the visible half of a pole that is lit from one side."""
_SURFACES: Final = (
    ((0.5, 0.51, 0.52), 0.05),
    ((0.4, 0.33, 0.27), 0.1),
    ((0.2, 0.26, 0.22), 0.06),
)
"""Reflectance as sRGB and roughness: galvanised steel, weathered wood, green paint."""
_BODIES: Final = (
    (226, 226, 222),
    (226, 226, 222),
    (196, 198, 200),
    (52, 84, 140),
    (212, 178, 60),
    (120, 36, 36),
)


def upright(
    plane: Plane,
    shape: tuple[int, ...],
    drawing: NDArray[np.uint8],
    left: float,
    top: float,
    size: tuple[float, float],
    *,
    repeat: bool = False,
    bottom: float | None = None,
) -> tuple[Window, NDArray[np.uint8]]:
    """A drawing (h, w, 4) as it stands in a picture, and the window that it is seen in.

    Its left upper corner and size are in hulls about the hull's middle. ``repeat`` continues it
    over the height of the picture, down to ``bottom`` where that is given.
    """
    (x, y), (wide, high) = _hull(plane)
    x0, x1 = x + left * wide, x + (left + size[0]) * wide
    y0, period = y + top * high, max(size[1] * high, 1.0)
    first, last = y0, y0 + period
    if repeat:
        first, last = 0.0, shape[0] if bottom is None else y + bottom * high
    window = about(np.array(((x0, first), (x1, last))), shape, margin_px=0)
    if window.empty:
        return window, np.zeros((0, 0, 4), np.uint8)
    if drawing.shape[0] > 2 * period:
        small = (drawing.shape[1], math.ceil(period))
        drawing = np.asarray(cv2.resize(drawing, small, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = (x1 - x0) / drawing.shape[1], period / drawing.shape[0]
    if repeat:  # laid end to end: OpenCV's own wrapping border takes several times as long
        before = math.floor((window.y0 - y0) / period)
        count = math.ceil((window.y1 - y0) / period) - before
        drawing = np.concatenate([drawing] * (count + 1))
        y0 += before * period
    matrix = np.array(
        (
            (across, 0, x0 + 0.5 * across - 0.5 - window.x0),
            (0, down, y0 + 0.5 * down - 0.5 - window.y0),
        )
    )
    seen = cv2.warpAffine(drawing, matrix, (window.width, window.height))
    return window, np.asarray(seen, np.uint8)


def _hull(plane: Plane) -> tuple[tuple[float, float], tuple[float, float]]:
    """Middle and size in pixels of the upright box about a sign."""
    (x0, y0), (x1, y1) = plane.corners.min(0).tolist(), plane.corners.max(0).tolist()
    return ((x0 + x1) / 2, (y0 + y1) / 2), (x1 - x0, y1 - y0)


def in_hulls(plane: Plane, point_cm: NDArray[np.float64]) -> tuple[float, float]:
    """Where a point (2,) of the sign's plane is seen, as ``upright`` counts."""
    (x, y), (wide, high) = _hull(plane)
    ((seen_x, seen_y),) = plane.project(point_cm[None]).tolist()
    return (seen_x - x) / wide, (seen_y - y) / high


def about(points: NDArray[np.float64], shape: tuple[int, ...], *, margin_px: int = 2) -> Window:
    """The part of a picture that some points (N, 2) in pixels span."""
    high, wide = shape[:2]
    across, down = points.T.tolist()
    x0, x1 = min(across) - margin_px, max(across) + margin_px
    y0, y1 = min(down) - margin_px, max(down) + margin_px
    return Window(
        math.floor(min(max(x0, 0), wide)),
        math.floor(min(max(y0, 0), high)),
        math.ceil(min(max(x1, 0), wide)),
        math.ceil(min(max(y1, 0), high)),
    )


@kept
def beside(shape: Shape, most: float, cover: float) -> NDArray[np.float64]:
    """(2,) half the width of a pole that hides ``most`` of a face from its middle, and how far
    from the middle it hides ``cover``."""
    across = np.sort(face_points(shape)[:, 0])
    half = float(np.quantile(np.abs(across), most))
    places = np.linspace(0.5 + half, 0, 400)
    inside = np.searchsorted(across, places + half) - np.searchsorted(across, places - half)
    return np.array((half, np.interp(cover, inside / len(across), places)))


@kept
def reached(shape: Shape, cover: float) -> NDArray[np.float64]:
    """(1,) how far right an upright edge is that hides ``cover`` of a face from the left."""
    return np.array((np.quantile(face_points(shape)[:, 0], cover),))


@kept
def pole(variety: int, side: int, wide: float) -> NDArray[np.uint8]:
    """A stretch of a pole ``PERIOD`` high that continues itself, premultiplied RGBA.

    ``side`` pixels to the sign's width; ``wide`` is the pole's width, to the drawing's inner edge.
    """
    (colour, rough), mirrored = _SURFACES[variety // 2], variety % 2
    columns = max(round(wide * side), 3)
    rows = max(round(PERIOD * side), 8)
    chance = np.random.Generator(np.random.SFC64(variety))
    around = np.arcsin(np.clip((np.arange(columns) + 0.5) / columns * 2 - 1, -1, 1)) / np.pi + 0.5
    light = np.interp(around, np.linspace(0, 1, len(_ROUND)), _ROUND[:: -1 if mirrored else 1])
    grain = chance.normal(0, rough, (6, 24)).astype(np.float32)
    tiled = cv2.resize(np.vstack([grain] * 3), (columns, 3 * rows), interpolation=cv2.INTER_CUBIC)
    tone = light * (1 + tiled[rows : 2 * rows])
    body = np.clip(tone[..., None] * np.array(colour) * 255 * 1.25, 4, 245)
    drawing = np.zeros((rows, columns + 2 * _MARGIN_PX, 4), np.uint8)
    inner = drawing[:, _MARGIN_PX : _MARGIN_PX + columns]
    inner[..., :3] = body.astype(np.uint8)
    inner[..., 3] = 255
    return drawing


def margin(side: int) -> float:
    """The clear edge of a pole's drawing, in hulls."""
    return _MARGIN_PX / side


@kept
def lorry(variety: int, side: int) -> NDArray[np.uint8]:
    """The back of a lorry, premultiplied RGBA: doors, bars, lamps, wheels."""
    fine = min(side, _FINEST)
    wide, high = round(LORRY[0] * fine), round(LORRY[1] * fine)
    drawing = np.zeros((high * 2, wide * 2, 4), np.uint8)
    body = np.array(_BODIES[variety])
    chance = np.random.Generator(np.random.SFC64(variety))
    for corners, colour in _parts(body):
        _block(drawing, corners, (*(int(part) for part in colour), 255))
    stains = chance.normal(0, 0.016, (9, 7)).astype(np.float32)
    grime = cv2.resize(stains, (wide * 2, high * 2), interpolation=cv2.INTER_CUBIC)
    grime = grime - np.linspace(0, 0.16, high * 2, dtype=np.float32)[:, None]
    colours = np.clip(drawing[..., :3] * (1 + grime[..., None]), 0, 255)
    drawing[..., :3] = colours.astype(np.uint8)
    return np.asarray(cv2.resize(drawing, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)


Part = tuple[tuple[float, float, float, float], tuple[float, ...]]


def _parts(body: NDArray[np.int_]) -> list[Part]:
    """Boxes (left, top, right, bottom) of a lorry's back from below to above, and their colours."""
    edge, seam = tuple(body * 0.72), tuple(body * 0.4)
    dark, steel, red = (24, 24, 26), (150, 152, 154), (150, 22, 20)
    parts: list[Part] = [
        ((0.3, 5.0, 3.8, 5.55), dark),
        ((0.35, 5.3, 1.0, 6.0), (18, 18, 19)),
        ((3.1, 5.3, 3.75, 6.0), (18, 18, 19)),
        ((0.0, 0.0, 4.1, 5.05), edge),
        ((0.12, 0.2, 3.98, 4.85), tuple(body)),
        ((2.03, 0.2, 2.07, 4.85), seam),
        ((0.05, 5.05, 4.05, 5.3), (60, 60, 62)),
        ((1.7, 5.07, 2.4, 5.28), (220, 220, 212)),
        ((0.1, 5.08, 0.6, 5.27), red),
        ((3.5, 5.08, 4.0, 5.27), red),
        ((0.62, 5.08, 0.8, 5.27), (200, 110, 20)),
        ((3.3, 5.08, 3.48, 5.27), (200, 110, 20)),
    ]
    parts += [((x, 0.25, x + 0.05, 4.8), steel) for x in (0.85, 1.65, 2.4, 3.2)]
    parts += [((x, 2.75, x + 0.4, 2.83), steel) for x in (1.3, 2.4)]
    parts += [((x, y, x + 0.16, y + 0.1), seam) for x in (0.06, 3.88) for y in (0.6, 1.8, 3.0, 4.2)]
    parts += [((x, 0.06, x + 0.14, 0.13), red) for x in (0.2, 1.98, 3.76)]
    parts += [
        ((x, 4.7, x + 0.32, 4.82), red if number % 2 else (228, 228, 224))
        for number, x in enumerate(np.arange(0.15, 3.7, 0.32).tolist())
    ]
    return parts


def _block(
    drawing: NDArray[np.uint8], corners: tuple[float, float, float, float], colour: tuple[int, ...]
) -> None:
    scale = drawing.shape[1] / LORRY[0]
    x0, y0, x1, y1 = (round(place * scale) for place in corners)
    drawing[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = colour
