"""The regulation stop sign, seen flat, drawn by our own code.

Proportions: MUTCD R1-1, 30 in size (Standard Highway Signs, FHWA): 76.2 cm across flats, a
white border of 1.9 cm, a legend of 25.4 cm capitals in a Series C like alphabet whose glyphs
are the centre lines below, stroked. Every other drawn stop sign in the project starts here.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

ACROSS_FLATS_CM = 76.2
"""Width of the 30 in sign, flat edge to flat edge."""

_EDGE_CM = 0.45  # the dark rim that a rolled or trimmed edge shows outside the white border
_BORDER_CM = 1.9
_CAPITAL_CM = 25.4
_STROKE = 0.15  # stroke width, in capital heights
_GAP = 0.115  # space between letters, in capital heights
_LEGEND_SPAN = 0.84  # a legend longer than STOP is narrowed to this part of the face
_SUPERSAMPLING = 4
_SHIFT = 4  # fractional bits of the coordinates handed to OpenCV

Colour = tuple[int, int, int]
Line = list[tuple[float, float]]


def octagon(across_flats: float) -> NDArray[np.float64]:
    """Corners (8, 2) of a regular octagon, in the unit of `across_flats`.

    Centred on the origin, x right, y down, a flat edge on top; clockwise as seen, from the
    left corner of the top edge.
    """
    flat = across_flats / 2
    corner = flat * np.tan(np.pi / 8)
    return np.array(
        [
            (-corner, -flat),
            (corner, -flat),
            (flat, -corner),
            (flat, corner),
            (corner, flat),
            (-corner, flat),
            (-flat, corner),
            (-flat, -corner),
        ],
        dtype=np.float64,
    )


def stop_face(
    size: int,
    *,
    red: Colour = (176, 30, 44),
    white: Colour = (240, 240, 236),
    legend: str = "STOP",
) -> NDArray[np.uint8]:
    """The sign's face as RGBA, (size, size, 4), the octagon touching all four sides.

    Colours are sRGB, 0..255. Alpha is the octagon's coverage; the colour planes continue the
    dark edge outside it, so that warping does not fringe. `legend` may use A-Z, 0-9, hyphen
    and space; an unknown character raises ValueError.
    """
    if size < 1:
        raise ValueError(f"stop_face: size is {size}, must be at least 1 pixel")
    canvas = size * _SUPERSAMPLING
    edge = tuple(round(0.62 * part) for part in red)
    face = np.empty((canvas, canvas, 3), np.uint8)
    face[:] = edge
    alpha = np.zeros((canvas, canvas), np.uint8)
    scale = canvas / ACROSS_FLATS_CM
    _fill(alpha, octagon(canvas) + canvas / 2, (255,))
    inset = ACROSS_FLATS_CM - 2 * _EDGE_CM
    _fill(face, octagon(inset * scale) + canvas / 2, white)
    _fill(face, octagon((inset - 2 * _BORDER_CM) * scale) + canvas / 2, red)
    _write(face, legend, _CAPITAL_CM * scale, white)
    small = (size, size)
    return np.dstack(
        [
            cv2.resize(face, small, interpolation=cv2.INTER_AREA),
            cv2.resize(alpha, small, interpolation=cv2.INTER_AREA),
        ]
    ).astype(np.uint8, copy=False)


def legend_mask(legend: str, height: int, *, stroke: float = _STROKE) -> NDArray[np.uint8]:
    """Coverage (height, width) of a legend, 0..255, its capitals filling the full height."""
    tall = height * _SUPERSAMPLING
    wide = max(_legend_width(legend) * tall, 1.0)
    mask = np.zeros((tall, int(np.ceil(wide))), np.uint8)
    _stroke_legend(mask, legend, (0.0, 0.0), (tall, tall), (255,), stroke)
    small = (max(round(mask.shape[1] / _SUPERSAMPLING), 1), height)
    return np.asarray(cv2.resize(mask, small, interpolation=cv2.INTER_AREA), np.uint8)


def _write(face: NDArray[np.uint8], legend: str, height: float, colour: Colour) -> None:
    """Centre the legend on the face, narrowed where it would leave the red field."""
    side = face.shape[0]
    width = _legend_width(legend) * height
    narrowing = min(1.0, _LEGEND_SPAN * side / width) if width else 1.0
    corner = ((side - width * narrowing) / 2, (side - height) / 2)
    _stroke_legend(face, legend, corner, (height * narrowing, height), colour, _STROKE)


def _legend_width(legend: str) -> float:
    """In capital heights, gaps between the letters included."""
    return sum(_glyph(letter)[0] for letter in legend) + _GAP * max(len(legend) - 1, 0)


def _stroke_legend(
    image: NDArray[np.uint8],
    legend: str,
    corner: tuple[float, float],
    scale: tuple[float, float],
    colour: Sequence[int],
    stroke: float,
) -> None:
    """Draw letter after letter; `scale` is pixels per capital height along x and y."""
    pen = corner[0]
    thickness = stroke * min(scale)
    half = thickness / 2
    for letter in legend:
        width, lines = _glyph(letter)
        box = np.array((width * scale[0] - thickness, scale[1] - thickness))
        for line in lines:
            points = np.array(line) * box + (pen + half, corner[1] + half)
            _stroke_line(image, points, half, colour)
        pen += (width + _GAP) * scale[0]


def _stroke_line(
    image: NDArray[np.uint8], points: NDArray[np.float64], half: float, colour: Sequence[int]
) -> None:
    """A polyline `2 * half` wide with square projecting ends and round joints."""
    closed = bool(np.allclose(points[0], points[-1]))
    last = len(points) - 2
    for index in range(last + 1):
        start, end = points[index], points[index + 1]
        along = (end - start) / max(float(np.hypot(*(end - start))), 1e-9) * half
        across = np.array((-along[1], along[0]))
        head = start - along if index == 0 and not closed else start
        tail = end + along if index == last and not closed else end
        _fill(image, np.stack([head + across, tail + across, tail - across, head - across]), colour)
        if index < last or closed:
            angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
            _fill(image, end + half * np.stack([np.cos(angles), np.sin(angles)], 1), colour)


def _fill(image: NDArray[np.uint8], polygon: NDArray[np.float64], colour: Sequence[int]) -> None:
    """Fill a convex polygon given in continuous pixel coordinates (pixel i covers i..i+1)."""
    fixed = np.round((polygon - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillConvexPoly(image, fixed, colour, lineType=cv2.LINE_8, shift=_SHIFT)


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> Line:
    """Points of an elliptic arc; degrees, 0 to the right, 90 down."""
    angles = np.radians(np.linspace(start, end, max(int(abs(end - start) / 9), 2) + 1))
    return [(cx + rx * float(np.cos(a)), cy + ry * float(np.sin(a))) for a in angles]


def _bowl(top: float, bottom: float, right: float = 1.0) -> Line:
    """The bowl of B, D, P, R: out from the stem, round, and back."""
    ry = (bottom - top) / 2
    rx = min(0.55, right)
    half = _arc(right - rx, top + ry, rx, ry, -90, 90)
    return [(0.0, top), *half, (0.0, bottom)]


_TOP = _arc(0.5, 0.27, 0.5, 0.27, 180, 360)
_BASE = _arc(0.5, 0.73, 0.5, 0.27, 0, 180)
_ROUND = [*_TOP, *_BASE, _TOP[0]]
_ESS = [*_arc(0.5, 0.24, 0.5, 0.24, -28, -270), *_arc(0.5, 0.74, 0.5, 0.26, -90, 150)]
_OPEN = [*_arc(0.5, 0.27, 0.5, 0.27, -25, -180), *_arc(0.5, 0.73, 0.5, 0.27, 180, 25)]
_STEM: Line = [(0, 0), (0, 1)]

# Letter: width in capital heights, and its centre lines in a box from 0 to 1 both ways.
_GLYPHS: dict[str, tuple[float, list[Line]]] = {
    " ": (0.3, []),
    "-": (0.34, [[(0, 0.5), (1, 0.5)]]),
    "A": (0.6, [[(0, 1), (0.5, 0), (1, 1)], [(0.2, 0.68), (0.8, 0.68)]]),
    "B": (0.54, [_STEM, _bowl(0, 0.48, 0.92), _bowl(0.48, 1)]),
    "C": (0.54, [_OPEN]),
    "D": (
        0.54,
        [
            _STEM,
            [(0, 0), *_arc(0.4, 0.3, 0.6, 0.3, -90, 0), *_arc(0.4, 0.7, 0.6, 0.3, 0, 90), (0, 1)],
        ],
    ),
    "E": (0.48, [_STEM, [(0, 0), (1, 0)], [(0, 0.48), (0.85, 0.48)], [(0, 1), (1, 1)]]),
    "F": (0.48, [_STEM, [(0, 0), (1, 0)], [(0, 0.48), (0.85, 0.48)]]),
    "G": (0.55, [[*_OPEN, (0.96, 0.56), (0.55, 0.56)]]),
    "H": (0.54, [_STEM, [(1, 0), (1, 1)], [(0, 0.48), (1, 0.48)]]),
    "I": (0.16, [[(0.5, 0), (0.5, 1)]]),
    "J": (0.5, [[(1, 0), *_arc(0.5, 0.73, 0.5, 0.27, 0, 170)]]),
    "K": (0.56, [_STEM, [(1, 0), (0, 0.62)], [(0.35, 0.42), (1, 1)]]),
    "L": (0.47, [[(0, 0), (0, 1), (1, 1)]]),
    "M": (0.64, [[(0, 1), (0, 0), (0.5, 0.66), (1, 0), (1, 1)]]),
    "N": (0.56, [[(0, 1), (0, 0), (1, 1), (1, 0)]]),
    "O": (0.56, [_ROUND]),
    "P": (0.53, [_STEM, _bowl(0, 0.54)]),
    "Q": (0.56, [_ROUND, [(0.6, 0.74), (1, 1)]]),
    "R": (0.54, [_STEM, _bowl(0, 0.5), [(0.5, 0.5), (1, 1)]]),
    "S": (0.53, [_ESS]),
    "T": (0.49, [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]]),
    "U": (0.54, [[(0, 0), *_BASE[::-1], (1, 0)]]),
    "V": (0.58, [[(0, 0), (0.5, 1), (1, 0)]]),
    "W": (0.72, [[(0, 0), (0.25, 1), (0.5, 0.1), (0.75, 1), (1, 0)]]),
    "X": (0.56, [[(0, 0), (1, 1)], [(1, 0), (0, 1)]]),
    "Y": (0.58, [[(0, 0), (0.5, 0.52), (1, 0)], [(0.5, 0.52), (0.5, 1)]]),
    "Z": (0.52, [[(0, 0), (1, 0), (0, 1), (1, 1)]]),
    "0": (0.54, [_ROUND]),
    "1": (0.3, [[(0, 0.2), (1, 0), (1, 1)]]),
    "2": (0.52, [[*_arc(0.5, 0.28, 0.5, 0.28, -170, 35), (0, 1), (1, 1)]]),
    "3": (
        0.52,
        [[*_arc(0.45, 0.25, 0.5, 0.25, -160, 90), *_arc(0.45, 0.74, 0.55, 0.26, -90, 160)]],
    ),
    "4": (0.56, [[(0.75, 1), (0.75, 0), (0, 0.7), (1, 0.7)]]),
    "5": (0.52, [[(0.95, 0), (0.05, 0), (0, 0.42), *_arc(0.45, 0.68, 0.55, 0.32, -130, 155)]]),
    "6": (0.54, [[*_arc(0.5, 0.27, 0.5, 0.27, -25, -180), *_arc(0.5, 0.71, 0.5, 0.29, 180, -180)]]),
    "7": (0.5, [[(0, 0), (1, 0), (0.35, 1)]]),
    "8": (0.54, [_arc(0.5, 0.24, 0.46, 0.24, -270, 90), _arc(0.5, 0.74, 0.5, 0.26, -90, 270)]),
    "9": (0.54, [[*_arc(0.5, 0.29, 0.5, 0.29, 0, -360), *_arc(0.5, 0.73, 0.5, 0.27, 0, 155)]]),
}


def _glyph(letter: str) -> tuple[float, list[Line]]:
    if letter not in _GLYPHS:
        raise ValueError(f"legend: no glyph for {letter!r}; there are {''.join(sorted(_GLYPHS))!r}")
    return _GLYPHS[letter]
