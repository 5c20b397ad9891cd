"""Blur by movement during the exposure: speed, turning and vibration."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import focal_px
from agent.perturbations._layers import kept
from agent.values import Pixels

_DIRECT: Final = 120  # weights up to which OpenCV convolves directly, and not by frequencies
_LONGEST: Final = 12  # columns of a repeated piece
_SEGMENT: Final = 9  # columns of one that is not
_FAITHFUL: Final = 0.028  # root of the summed squares by which weights may be off: 41 dB in noise
_LEAST_PX: Final = 0.02  # a shorter rest is left out
_ON_ROW: Final = 0.02  # so near to a row counts as on it
_REFERENCE_PX: Final = 640


class MotionBlur(Perturbation):
    """A straight smear of one direction, even along its length.

    A camera that turns by w rad/s against the thing it sees smears it over f w t pixels in an
    exposure t. Severity is that length, in proportion, up to ``longest_px`` on a picture 640 px
    wide (f = 640 px; wider pictures smear in proportion, smaller ones are taken for crops): 18 px
    are .8 rad/s at 1/30 s, a sign 4 m beside the road seen from 10 m at 70 km/h at dusk. The
    direction is drawn once per clip, mostly sideways as with passing and turning; ``angle_deg``
    fixes it. The mean is taken over picture values, as all common benchmarks do.
    """

    longest_px: float = Field(18.0, gt=0, le=60)
    angle_deg: float | None = Field(None, ge=-180, le=180)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        length = severity * self.longest_px * focal_px(pixels.shape) / _REFERENCE_PX
        angle = self.angle_deg
        if angle is None:
            angle = float(moment.generator(self.kind()).normal(0, 25))
        return _smeared(pixels, max(length, _LEAST_PX), angle)

    def describe(self, severity: float) -> str:
        return f"{severity * self.longest_px:.3g} px of 640"


class _Piece(NamedTuple):
    """Weights (h, w) that sum to 1, with the place of their first one; where they are repeated,
    as shifts in columns and rows; and how much each repeat counts."""

    kernel: NDArray[np.float32]
    left: int
    top: int
    shifts: tuple[tuple[float, float], ...]
    share: float

    def turned(self) -> _Piece:
        """The same with columns for rows."""
        shifts = tuple((down, across) for across, down in self.shifts)
        return _Piece(np.ascontiguousarray(self.kernel.T), self.top, self.left, shifts, self.share)


def line_kernel(length: float, angle_deg: float) -> NDArray[np.float32]:
    """The smear as weights (K, K) that sum to 1, K odd; the angle turns from right to down."""
    angle = math.radians(angle_deg)
    reach = math.ceil(length / 2) + 1
    half = (length / 2 * math.cos(angle), length / 2 * math.sin(angle))
    kernel, left, top = _drawn((-half[0], -half[1]), half)
    whole = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    rows = slice(top + reach, top + reach + kernel.shape[0])
    whole[rows, left + reach : left + reach + kernel.shape[1]] = kernel
    return whole


def _drawn(
    start: tuple[float, float], end: tuple[float, float]
) -> tuple[NDArray[np.float32], int, int]:
    """A line between two points (x, y) as weights (h, w), and their first column and row."""
    count = max(math.ceil(math.dist(start, end) * 8), 1)
    along = (np.arange(count) + 0.5) / count
    x = start[0] + along * (end[0] - start[0])
    y = start[1] + along * (end[1] - start[1])
    columns, rows = np.floor(x).astype(int), np.floor(y).astype(int)
    left, top = int(columns.min()), int(rows.min())
    kernel = np.zeros((int(rows.max()) - top + 2, int(columns.max()) - left + 2))
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weight = np.abs(1 - right - (x - columns)) * np.abs(1 - below - (y - rows))
        np.add.at(kernel, (rows - top + below, columns - left + right), weight)
    return np.asarray(kernel / kernel.sum(), np.float32), left, top


@kept
def _pieces(length: float, angle_deg: float) -> tuple[_Piece, ...]:
    """How the smear is put together: with few weights, as long as they are those of the line."""
    angle = math.radians(angle_deg)
    x, y = length * math.cos(angle), length * math.sin(angle)
    steep = abs(y) > abs(x)
    along, across = (y, x) if steep else (x, y)
    width, slope = abs(along), across / along
    exact = _sections(width, slope)
    most = _cost(exact)
    ways = [_split(width, slope, step) for step in range(2, min(_LONGEST, int(width / 2)) + 1)]
    small = [way for way in ways if all(one.kernel.size <= _DIRECT for one in way)]
    best = exact
    for way in sorted(small, key=_cost):
        if _cost(way) < most and _distance(way, exact, math.ceil(length)) < _FAITHFUL:
            best = way
            break
    return tuple(piece.turned() for piece in best) if steep else best


def _sections(width: float, slope: float) -> tuple[_Piece, ...]:
    """A line of ``width`` columns cut into short ones, each with weights of its own."""
    count = math.ceil(width / (_SEGMENT - 2))
    places = [width * (part / count - 0.5) for part in range(count + 1)]
    pieces = []
    for start, end in pairwise(places):
        drawn = _drawn((start, start * slope), (end, end * slope))
        pieces.append(_Piece(*drawn, ((0.0, 0.0),), 1 / count))
    return tuple(pieces)


def _distance(one: tuple[_Piece, ...], two: tuple[_Piece, ...], reach: int) -> float:
    """Root of the summed squares by which the weights of two ways to smear differ."""
    weights = np.zeros((2, 2 * reach + 5, 2 * reach + 5))
    for whole, pieces in zip(weights, (one, two), strict=True):
        for piece in pieces:
            height, width = piece.kernel.shape
            for column, row, share in _taps(piece):
                top, left = piece.top + row + reach + 2, piece.left + column + reach + 2
                whole[top : top + height, left : left + width] += share * piece.kernel
    return float(np.linalg.norm(weights[0] - weights[1]))


def _split(width: float, slope: float, step: int) -> tuple[_Piece, ...]:
    """A line of ``width`` columns as a short one of ``step`` columns, repeated, and a rest."""
    first = -width / 2
    count = math.floor(width / step)
    drawn = _drawn((first, first * slope), (first + step, (first + step) * slope))
    shifts = tuple((number * step, number * step * slope) for number in range(count))
    pieces = [_Piece(*drawn, shifts, step / width)]
    rest = first + count * step
    if width / 2 - rest > _LEAST_PX:
        drawn = _drawn((rest, rest * slope), (-first, -first * slope))
        pieces.append(_Piece(*drawn, ((0.0, 0.0),), (width / 2 - rest) / width))
    return tuple(pieces)


def _cost(pieces: tuple[_Piece, ...]) -> int:
    """Multiplications for each value; a pass over the picture counts as one or two."""
    return sum(np.count_nonzero(one.kernel) + 2 * len(one.shifts) for one in pieces)


def _smeared(pixels: Pixels, length: float, angle_deg: float) -> Pixels:
    """Convolve with the line, the picture's edge repeated outside.

    Not by ``line_kernel`` at once, which grows with the length: a short line is convolved, and
    shifted copies of that are averaged. A copy between two rows is mixed from both.
    """
    pad = math.ceil(length / 2) + 3
    padded = cv2.copyMakeBorder(pixels, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    total, weight = np.asarray(pixels), 0.0
    for piece in _pieces(length, angle_deg):
        short = np.asarray(cv2.filter2D(padded, -1, piece.kernel, anchor=(0, 0)), np.uint8)
        for column, row, share in _taps(piece):
            left, top = pad + piece.left + column, pad + piece.top + row
            view = short[top : top + pixels.shape[0], left : left + pixels.shape[1]]
            mean = (weight / (weight + share), share / (weight + share))
            total = np.asarray(cv2.addWeighted(total, mean[0], view, mean[1], 0), np.uint8)
            weight += share
    return total


def _taps(piece: _Piece) -> Iterator[tuple[int, int, float]]:
    """Whole columns and rows by which a piece is shifted, and how much each counts."""
    for across, down in piece.shifts:
        column, row = math.floor(across + _ON_ROW), math.floor(down + _ON_ROW)
        x, y = across - column, down - row
        for right, below in ((0, 0), (1, 0), (0, 1)):
            # One of the two is whole.
            part = x * right + y * below if right or below else 1 - x - y
            if part > _ON_ROW:
                yield column + right, row + below, part * piece.share
