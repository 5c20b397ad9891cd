"""A leafy branch, drawn in the plane of the sign with an order of growth.

Everything is in parts of the sign's width, origin at its centre, x right, y down.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.plane import Plane, Window
from agent.geometry.shapes import Shape
from agent.perturbations._layers import kept, pinned
from agent.perturbations.on_object._face import face_points

EXTENT: Final = 1.9
"""Width of the drawing in widths of the sign."""

HUNG: Final = (0.9, 1.6)
"""Width and height of the stretch of bough that repeats above the drawing."""

VARIETY: Final = 4
"""How many branches there are; each is seen mirrored too."""

_SUPER: Final = 2
_GROWN: Final = 560  # side of the drawing that all sizes are taken from: .6 MB a branch
_LARGEST: Final = 1024
_SHIFT: Final = 4
_BARK: Final = (74, 60, 48)
_GREENS: Final = ((52, 84, 30), (70, 104, 36), (92, 122, 48), (44, 70, 34), (110, 128, 56))
_INFILL: Final = 200  # sprigs that fill the gaps before the sign
_STRETCHES: Final = 4
_JOINT: Final = -0.8  # height at which the branch leaves the bough that it hangs on
_DENSE: Final = 0.55  # and how far from its centre they begin
_ALONG: Final = np.linspace(0, 1, 9)[:, None]  # along a leaf's midrib
_WIDTH: Final = np.sin(np.pi * _ALONG**0.8)  # of a leaf there, in its greatest


class _Piece(NamedTuple):
    """A filled polygon (N, 2), its colour as sRGB reflectance, and when it grows."""

    polygon: NDArray[np.float64]
    colour: tuple[int, int, int]
    birth: float


@kept
def branch(
    side: int, seed: int, cover: float, shape: Shape
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A branch that covers a part of a sign's face, premultiplied (h, w, 4), and the corners (4, 2)
    of the drawing in widths of the sign.

    It is the part with something in it of a drawing that spans ``EXTENT`` widths of the sign, of
    ``side`` pixels each. More ``cover`` shows more of
    the same branch. The seed picks one of ``VARIETY`` branches, mirrors it or not, and moves it.
    """
    variety, mirrored, offset = _drawn_by(seed)
    wide = round(side * EXTENT)
    births, colours = _grown(variety)
    spread = (face_points(shape) - offset) * (-1 if mirrored else 1, 1)
    last = _last_piece(births, len(colours), spread, cover)
    palette = colours.copy()
    palette[last + 1 :] = 0
    grain = max(_GROWN // (wide * _SUPER), 1)
    births = births[grain // 2 :: grain, grain // 2 :: grain]
    layer = palette.view(np.uint32).ravel().take(births).view(np.uint8)
    layer = layer.reshape(*births.shape, 4)
    moved = np.array(((1, 0, offset[0]), (0, 1, offset[1])))
    moved[:, 2] *= layer.shape[0] / EXTENT
    if mirrored:
        moved[0] = (-1, 0, layer.shape[0] - 1 + moved[0, 2])
    span = (layer.shape[1], layer.shape[0])
    layer = np.asarray(cv2.warpAffine(layer, moved, span, flags=cv2.INTER_NEAREST), np.uint8)
    small = np.asarray(cv2.resize(layer, (wide, wide), interpolation=cv2.INTER_AREA), np.uint8)
    return _cropped(small)


def _cropped(layer: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    x, y, wide, high = cv2.boundingRect(cv2.extractChannel(layer, 3))
    corners = np.array(((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))
    return layer[y : y + high, x : x + wide].copy(), (corners / layer.shape[0] - 0.5) * EXTENT


def seen_in(
    plane: Plane,
    window: Window,
    drawn: tuple[NDArray[np.uint8], NDArray[np.float64]],
    side: int,
    motion: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """A branch of that ``side``, moved, as seen in a window of the picture, (h, w, 4)."""
    layer, corners = drawn
    size = (window.width, window.height)
    if not layer.size:
        return np.zeros((*size[::-1], 4), np.uint8)
    wide = round(side * EXTENT)
    part = np.eye(3)
    part[:2, 2] = np.round((corners[0] / EXTENT + 0.5) * wide)
    matrix = plane.drawn(wide, plane.size_cm * EXTENT, window, motion) @ part
    return plane.seen(layer, matrix, size, extent=EXTENT)


def bough(side: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """What the branch hangs on: a stretch that continues itself upwards, ``HUNG`` widths of the
    sign in size, and where the middle of its lower end is, (2,)."""
    number, end = _hung_at(seed)
    return _stretch(side, int(number[0])), end


@kept
def _hung_at(seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    variety, mirrored, offset = _drawn_by(seed)
    path = _bough(_chance(variety))
    x = float(np.interp(_JOINT, path[:, 1], path[:, 0]))
    end = np.array((-x if mirrored else x, _JOINT)) + offset
    return np.array((variety % _STRETCHES,)), end


def _drawn_by(seed: int) -> tuple[int, bool, NDArray[np.float64]]:
    chance = _chance(seed)
    return (
        int(chance.integers(VARIETY)),
        bool(chance.random() < 0.5),
        chance.uniform(-0.06, 0.06, 2),
    )


def _chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed))


def _last_piece(
    births: NDArray[np.uint16], pieces: int, points: NDArray[np.float64], cover: float
) -> int:
    """The number of the piece with which a part of the points is hidden."""
    places = ((points / EXTENT + 0.5) * births.shape[0]).astype(int)
    x, y = np.clip(places, 0, births.shape[0] - 1).T
    counts = np.bincount(births[y, x], minlength=pieces)
    return 1 + int(np.searchsorted(np.cumsum(counts[1:]) / len(points), cover))


@kept
def _stretch(side: int, variety: int) -> NDArray[np.uint8]:
    """A stretch of bough with twigs and leaves that continues itself, premultiplied RGBA."""
    wide, high = round(HUNG[0] * side), round(HUNG[1] * side)
    fine = 2 if wide <= _LARGEST else 1
    drawing = np.zeros((high * fine, wide * fine, 4), np.uint8)
    scale = np.array((wide, high)) * fine / HUNG
    for piece in _hanging(_chance(1000 + variety)):
        points = (piece.polygon + np.array((HUNG[0] / 2, 0))) * scale - 0.5
        fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(drawing, [fixed], (*piece.colour, 255), cv2.LINE_8, _SHIFT)
    return np.asarray(cv2.resize(drawing, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)


def _hanging(chance: np.random.Generator) -> list[_Piece]:
    """Pieces of a stretch from (0, 0) down to (0, HUNG[1])."""
    part = np.linspace(0, 1, 13)
    bend = 0.05 * np.sin(2 * np.pi * part) + 0.02 * np.sin(4 * np.pi * part)
    path = np.stack([bend, part * HUNG[1]], 1)
    pieces: list[_Piece] = []
    for start, end in pairwise(path):
        pieces.append(_stem(start, end, 0.03, 0.03, 0.0))
        for turn in (-1, 1):
            if chance.random() < 0.75:
                angle = np.pi / 2 + turn * chance.uniform(0.5, 1.1)
                pieces += filter(_within, _twig(end, angle, 0.0, chance))
    return pieces


def _within(piece: _Piece) -> bool:
    """Whether a piece lies in a stretch: the seam and the sides would cut it."""
    x, y = piece.polygon.T
    room = 0.98 * HUNG[0] / 2
    return bool(y.min() >= 0 and y.max() <= HUNG[1] and np.abs(x).max() <= room)


@pinned
def _grown(variety: int) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """A full-grown branch, (S, S): the number of the piece in front, 0 for none; and colour and
    coverage by number, (N + 1, 4)."""
    pieces = _pieces(_chance(variety))
    births = np.zeros((_GROWN, _GROWN), np.uint16)
    ends = np.cumsum([len(piece.polygon) for piece in pieces])
    points = _fixed(np.concatenate([piece.polygon for piece in pieces]), _GROWN)
    polygons = np.split(points, ends[:-1])
    for number in range(len(pieces), 0, -1):
        cv2.fillPoly(births, [polygons[number - 1]], (number,), cv2.LINE_8, _SHIFT)
    colours = [(*piece.colour, 255) for piece in pieces]
    return births, np.array([(0, 0, 0, 0), *colours], np.uint8)


def _fixed(points: NDArray[np.float64], side: int) -> NDArray[np.int32]:
    """Points (N, 2) in OpenCV's fixed-point pixels of a drawing."""
    pixels = (points / EXTENT + 0.5) * side - 0.5
    return np.asarray(np.round(pixels * (1 << _SHIFT)), np.float64).astype(np.int32)


def _pieces(chance: np.random.Generator) -> list[_Piece]:
    """A bough from outside the sign, twigs along it, leaves along those, then sprigs between."""
    bough = _bough(chance)
    pieces: list[_Piece] = []
    for index in range(len(bough) - 1):
        grown = float(index)
        thick = 0.028 * (1 - 0.75 * index / len(bough))
        pieces.append(_stem(bough[index], bough[index + 1], thick, thick * 0.93, grown))
        along = bough[index + 1] - bough[index]
        heading = float(np.arctan2(along[1], along[0]))
        for turn in (-1, 1):
            angle = heading + turn * chance.uniform(0.5, 1.1)
            pieces += _twig(bough[index + 1], angle, grown + 0.3, chance)
    joints = [piece.polygon[1] for piece in pieces if piece.colour == _BARK]
    near = [joint for joint in joints if np.hypot(*joint) < _DENSE] or joints
    for number in range(_INFILL):
        start = near[int(chance.integers(len(near)))]
        late = len(bough) + number * 0.5
        sprig = _twig(start, chance.uniform(0, 2 * np.pi), late, chance)
        ends = (piece.polygon[1] for piece in sprig if piece.colour == _BARK)
        near += [end for end in ends if np.hypot(*end) < _DENSE]
        pieces += sprig
    return sorted(pieces, key=lambda piece: piece.birth)


def _bough(chance: np.random.Generator) -> NDArray[np.float64]:
    """Points (N, 2) from the drawing's upper edge past the sign's centre, gently bent."""
    side = chance.choice((-1.0, 1.0))
    start = np.array((side * chance.uniform(0.25, 0.5), -1.1))
    end = np.array((-side * chance.uniform(0.0, 0.35), chance.uniform(-0.05, 0.4)))
    part = np.linspace(0, 1, 13)[:, None]
    across = np.array((end[1] - start[1], start[0] - end[0]))
    bend = chance.uniform(-0.14, 0.14) * np.sin(np.pi * part)
    wobble = np.cumsum(chance.normal(0, 0.008, (13, 2)), 0)
    return np.asarray(start + part * (end - start) + bend * across + wobble)


def _twig(
    start: NDArray[np.float64], angle: float, birth: float, chance: np.random.Generator
) -> list[_Piece]:
    pieces: list[_Piece] = []
    position = start
    joints = int(chance.integers(2, 5))
    for joint in range(joints):
        angle += chance.normal(0, 0.2)
        step = chance.uniform(0.06, 0.09) * np.array((np.cos(angle), np.sin(angle)))
        grown = birth + 0.5 * joint
        pieces.append(_stem(position, position + step, 0.009, 0.006, grown))
        position = position + step
        for turn in (-1, 1):
            pieces += _leaf(position, angle + turn * chance.uniform(0.5, 1.2), grown, chance)
    return pieces + _leaf(position, angle, birth + 0.5 * joints, chance)


def _stem(
    start: NDArray[np.float64], end: NDArray[np.float64], thick: float, thin: float, birth: float
) -> _Piece:
    along = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
    across = np.array((-along[1], along[0]))
    head, tail = across * thick / 2, across * thin / 2
    return _Piece(np.stack([start + head, end + tail, end - tail, start - head]), _BARK, birth)


def _leaf(
    start: NDArray[np.float64], angle: float, birth: float, chance: np.random.Generator
) -> list[_Piece]:
    """Two halves along the midrib, one in more light than the other; about 8 cm on a 76 cm sign."""
    length = 0.1 * chance.uniform(0.7, 1.35)
    width = length * chance.uniform(0.2, 0.34)  # leaves hang at all angles, so many look narrow
    green = np.array(_GREENS[int(chance.integers(len(_GREENS)))]) * chance.uniform(0.75, 1.25)
    along = np.array((np.cos(angle), np.sin(angle)))
    across = np.array((-along[1], along[0]))
    droop = chance.normal(0, 0.12) * length
    rib = start + _ALONG * (length * along) + _ALONG**2 * (droop * across)
    edge = _WIDTH * (width * across)
    halves = []
    for turn, light in ((1, 1.12), (-1, 0.82)):
        polygon = np.concatenate([rib, (rib + turn * edge)[::-1]])
        red, one, blue = (int(min(max(part * light, 4), 240)) for part in green.tolist())
        halves.append(_Piece(polygon, (red, one, blue), birth))
        birth += 0.001
    return halves
