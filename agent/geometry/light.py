"""What light a sign stands in, measured from its pixels: levels, shading, and sharpness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.plane import Plane, Window
from agent.geometry.shapes import Shape, outline
from agent.values import Pixels

PAPER: Final = 0.92
"""What reflects as much as the sign's own white."""

BRIGHTEST_SHADE: Final = 1.3
SHARPEST: Final = 0.5
"""Blur in px, as Gaussian sigma, of the sharpest picture; a layer that is warped has as much."""

_DARKEST_SHADE: Final = 0.45
_SOFTEST: Final = 3.5
_GRID: Final = 24  # samples across the measured part of the sign
_INNER: Final = 0.84  # part of the face that is measured: of a box alone the rim may be sky
_NODES: Final = 8  # across the hull that the shading is given at
_SPREAD: Final = 0.075  # of the hull: the Gaussian that the shading is smoothed with
_EVERY: Final = 2  # of the samples, every second tells the shading
_NO_SHADE: Final = np.float32(0.05)  # weight of that where no sample is near
_PALE: Final = 250  # what grey is counted as, where coloured paint is less
_ROWS: Final = 32  # of a view so many rows are enough to find its sharpest edges


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light on a sign.

    ``black`` and ``white`` (3,) are what reflectance 0 and ``PAPER`` look like, 0..255 per
    channel; ``shading`` (n, n) float32 is about 1, over the sign's hull in the sign's plane;
    ``blur_px`` is a Gaussian's sigma; ``plane`` is where the sign lies.
    """

    plane: Plane
    black: NDArray[np.float32]
    white: NDArray[np.float32]
    shading: NDArray[np.float32]
    blur_px: float

    @property
    def veil(self) -> float:
        """What lies over everything, 0..255: black is grey."""
        return float(self.black[0])

    @property
    def gain(self) -> list[float]:
        """By how much each channel rises, 0..255, from reflectance 0 to 1."""
        veil = self.veil
        return [(one - veil) / PAPER for one in self.white.tolist()]


class _OnFrame:
    """The lights that were measured on one frame: it is tried under many conditions.

    Only a picture that is read-only, and no view of one that can be written to, is known by its
    identity, since nobody can change it; it is held on to, so that no other can take its place in
    memory.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.by_plane: dict[Plane, Light] = {}


_latest = _OnFrame(np.empty((0, 0, 3), np.uint8))


def measure_light(pixels: Pixels, plane: Plane, window: Window | None = None) -> Light:
    """Measure the light on a sign whose window in the picture is not empty.

    On a read-only picture, as a frame's is, each sign is measured once.
    """
    global _latest
    if not _settled(pixels):
        return _measured(pixels, plane, window)
    latest = _latest
    if latest.pixels is not pixels:
        _latest = latest = _OnFrame(pixels)
    light = latest.by_plane.get(plane)
    if light is None:
        light = latest.by_plane[plane] = _measured(pixels, plane, window)
    return light


def _settled(pixels: Pixels) -> bool:
    """Whether no array can change a picture's memory."""
    owner: object = pixels
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None or isinstance(owner, bytes)


def _measured(pixels: Pixels, plane: Plane, window: Window | None) -> Light:
    window = window or plane.window(pixels.shape)
    view = window.of(pixels)
    samples = _samples(view, plane, window)
    red, green, blue = cv2.split(samples)
    high = np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
    low = np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)
    black, white = _levels(samples, high, low)
    shading = _shading(high, low, plane.shape)
    blur = _blur(view, float(white[1] - black[1]))
    for part in (black, white, shading):
        part.flags.writeable = False
    return Light(plane, black, white, shading, blur)


def _samples(view: Pixels, plane: Plane, window: Window) -> Pixels:
    """Pixels (1, N, 3) at fixed places on the sign, off which they are averaged if it is large."""
    reach = plane.size_cm * _INNER
    shrink = max(int(plane.side_px * _INNER / _GRID / 1.4), 1)
    if shrink > 1:
        wide, high = max(window.width // shrink, 1), max(window.height // shrink, 1)
        whole = view[: high * shrink, : wide * shrink]
        view = np.asarray(cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
    matrix = plane.drawn(_GRID, reach, window, grain=(shrink, shrink))
    seen = plane.seen(view, matrix, (_GRID, _GRID), cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE)
    return np.asarray(seen.reshape(1, -1, 3).take(_places(plane.shape), 1))


@lru_cache(maxsize=6)
def _places(shape: Shape) -> NDArray[np.intp]:
    """Which samples of the grid lie on a face."""
    face = np.zeros((_GRID, _GRID), np.uint8)
    corners = (outline(shape) + 0.5) * _GRID - 0.5
    cv2.fillPoly(face, [np.round(corners * 16).astype(np.int32)], (1,), cv2.LINE_8, 4)
    return np.flatnonzero(face)


@lru_cache(maxsize=6)
def _smoothing(shape: Shape) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A Gaussian's weights from the grid to the nodes along one axis, (n, m), and what each node's
    weights add up to on a face, (n, n).

    Two small products: one large one would be shared among the cores, which takes longer.
    """
    nodes = (np.arange(_NODES) + 0.5) / _NODES - 0.5
    grid = ((np.arange(_GRID) + 0.5) / _GRID - 0.5) * _INNER
    rise = np.exp(-((nodes[:, None] - grid) ** 2) / (2 * _SPREAD**2))
    rise *= (_EVERY / (2 * np.pi)) ** 0.5 / (_SPREAD * _GRID / _INNER)
    face = np.zeros((_GRID, _GRID))
    face.ravel()[_places(shape)[::_EVERY]] = 1
    total = rise @ face @ rise.T + _NO_SHADE
    return rise.astype(np.float32), total.astype(np.float32)


def _levels(
    samples: Pixels, high: NDArray[np.uint8], low: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Black and white level per channel from the sign's samples (1, N, 3) and their extremes.

    White is the mean of the lightest twentieth; the more coloured that is, the less the sign shows
    of white (at a distance its legend mingles with its paint), and the more its brightest channel
    stands for it. Black is the veil over the darkest channel (the dark
    channel prior of He et al. 2009): red paint reflects next to no blue and green.
    """
    lightness = cv2.addWeighted(high, 0.5, low, 0.5, 0)[0]
    last = len(lightness) - 1
    bound = _ranked(lightness.copy(), last - last // 20)
    lightest = (lightness >= bound).view(np.uint8)[None]
    peaks = list(cv2.mean(samples, lightest)[:3])
    peak = max(peaks)
    grey = min(peaks) / max(peak, 1.0)
    tint = 0.35 + 0.65 * min(max((grey - 0.65) / 0.25, 0.0), 1.0)
    peaks = [tint * one + (1 - tint) * peak for one in peaks]
    veil = min(0.8 * _ranked(low[0].copy(), last // 33), 0.5 * peak)
    white = [max(one, veil + 8) for one in peaks]
    return np.array((veil,) * 3, np.float32), np.array(white, np.float32)


def _shading(high: NDArray[np.uint8], low: NDArray[np.uint8], shape: Shape) -> NDArray[np.float32]:
    """Slow change of brightness over the sign, about 1: (n, n).

    White and coloured paint are told apart by saturation and each is compared with its own median,
    so that legend and border do not count as light and shade.
    """
    one = high[0, ::_EVERY].copy()
    pale = cv2.divide(low[0, ::_EVERY].copy(), one, scale=_PALE).ravel()
    last = len(one) - 1
    ends = np.partition(pale, (last // 10, last - last // 10))
    least, most = int(ends[last // 10]), int(ends[last - last // 10])
    if most - least > 0.15 * _PALE:
        white = pale > (least + most) // 2
        levels = np.array((_inverse_median(one[~white]), _inverse_median(one[white])), np.float32)
        ratio = one * levels.take(white.view(np.int8))
    else:
        ratio = one * np.float32(_inverse_median(one.copy()))
    grid = np.zeros(_GRID * _GRID, np.float32)
    grid[_places(shape)[::_EVERY]] = ratio
    rise, total = _smoothing(shape)
    smooth = (rise @ grid.reshape(_GRID, _GRID) @ rise.T + _NO_SHADE) / total
    return np.asarray(np.minimum(np.maximum(smooth, _DARKEST_SHADE), BRIGHTEST_SHADE), np.float32)


def _inverse_median(values: NDArray[np.uint8]) -> float:
    return 1 / max(_ranked(values, len(values) // 2), 1)


def _ranked(values: NDArray[np.uint8], rank: int) -> int:
    """The value (N,) that ``rank`` others are not above; it puts them in another order."""
    values.partition(rank)
    return int(values[rank])


def _blur(view: Pixels, contrast: float) -> float:
    """The blur of the sharpest edges in a view, as the sigma of a Gaussian in pixels.

    A step of height A under a Gaussian has the greatest slope A / (sigma sqrt(2 pi)). It is
    measured between pixels two apart, which adds the variance of a box two wide.
    """
    if min(view.shape[:2]) < 8:
        return SHARPEST
    step = max(view.shape[0] // _ROWS, 1)
    green = cv2.extractChannel(view, 1)
    row = green[1:-1:step]
    along = cv2.absdiff(row[:, 2:], row[:, :-2])
    down = cv2.absdiff(green[2::step, 1:-1], green[:-2:step, 1:-1])
    slopes = cv2.magnitude(along.astype(np.float32), down.astype(np.float32)).ravel()
    place = int(0.997 * (len(slopes) - 1))
    slopes.partition(place)
    slope = 0.5 * float(slopes[place])
    wide = contrast / (max(slope, 1e-3) * 2.507)
    if wide > 2 * _SOFTEST:  # no edge at all in the view, so it tells nothing
        return SHARPEST
    return float(min(max(wide**2 - 1 / 3, SHARPEST**2) ** 0.5, _SOFTEST))
