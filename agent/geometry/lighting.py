"""What light a sign stands in, measured from its pixels, and how a layer is put into it.

A sticker that is pasted at its own brightness looks pasted, and predicts real attacks badly
(REAP, Hingun et al. 2023: relight by the sign's own levels). So the sign's black and white
levels, its shading and the sharpness of the picture there are measured, and the layer gets them.

Two ways to use it, both on the sign's window of the picture alone:

``lay`` puts matter on the sign (a sticker, dirt, snow): a layer of reflectance that is drawn once
in the sign's plane and kept. ``change`` alters what is there (fading, a shadow, a reflex): a tone
for the whole view and a coverage in the sign's plane that says where and how much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.plane import Plane, Window
from agent.geometry.shapes import Shape, outline
from agent.values import Pixels

_GRID: Final = 24  # samples across the measured part of the sign
_INNER: Final = 0.84  # part of the face that is measured: of a box alone the rim may be sky
_COARSE: Final = 8  # nodes across the hull that the shading is given at
_SPREAD: Final = 0.075  # of the hull: the Gaussian that the shading is smoothed with
_EVERY: Final = 2  # of the samples, every second tells the shading
_NO_SHADE: Final = np.float32(0.05)  # weight of that where no sample is near
_PALE: Final = 250  # what grey is counted as, where coloured paint is less
_PAPER: Final = 0.92  # what reflects as much as the sign's own white
_SHADE_LIMITS: Final = (0.45, 1.3)
_SHARPEST, _SOFTEST = 0.5, 3.5  # blur in px, as Gaussian sigma; a warped layer has the first
_LEAST_BLUR: Final = 0.4
_EVEN: Final = np.ones((1, 1, 1), np.float32)
_ROWS: Final = 32  # of a large view so many rows are enough to find its sharpest edges


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light on a sign.

    ``black`` and ``white`` (3,) are what reflectance 0 and ``_PAPER`` look like, 0..255 per
    channel; ``shading`` (n, n) float32 is about 1, over the sign's hull in the sign's plane;
    ``blur_px`` is a Gaussian's sigma; ``plane`` is where the sign lies.
    """

    plane: Plane
    black: NDArray[np.float32]
    white: NDArray[np.float32]
    shading: NDArray[np.float32]
    blur_px: float


def lay(
    pixels: Pixels,
    plane: Plane,
    layer: NDArray[np.uint8],
    *,
    extent: float = 1.0,
    motion: NDArray[np.float64] | None = None,
    shaded: bool = True,
    light: Light | None = None,
) -> Pixels:
    """A copy of the picture with a layer of matter on the sign, in the sign's own light.

    ``layer`` (S, S, 4) uint8 lies in the sign's plane and spans ``extent`` hulls: R, G, B are
    reflectance (0..255 stands for 0..1, as sRGB) times coverage, the fourth channel is coverage;
    draw it with ``S = plane.layer_side(extent=extent)`` and keep it (``@kept``). What lies off the
    sign's face must have no coverage: multiply by the face in sign coordinates when it is drawn.
    ``motion`` (3, 3) moves it, in sign centimetres. ``shaded`` False leaves the sign's shading
    out, for what is before the sign rather than on it. ``light`` is measured where not given.
    """
    window = plane.window(pixels.shape, extent=extent)
    if window.empty:
        return pixels.copy()
    light = light or measure_light(pixels, plane, window if extent == 1.0 else None)
    seen = plane.warp(layer, window, extent=extent, motion=motion)
    return put(pixels, window, seen, light, shaded=shaded)


def change(
    pixels: Pixels,
    plane: Plane,
    cover: NDArray[np.uint8],
    tone: Callable[[Pixels], Pixels],
    *,
    extent: float = 1.0,
) -> Pixels:
    """A copy of the picture whose sign is changed by a tone where ``cover`` says.

    ``tone`` is given the view of the picture about the sign, (h, w, 3) uint8 which it must not
    write to, and returns its changed form: a table (``cv2.LUT``), a matrix (``cv2.transform``).
    ``cover`` (S, S) uint8 in the sign's plane says how much of that is taken, 0..255; to change
    the face alone let it be the face's coverage times the pattern.
    """
    window = plane.window(pixels.shape, extent=extent)
    if window.empty:
        return pixels.copy()
    return mix(pixels, window, tone(window.of(pixels)), plane.warp(cover, window, extent=extent))


def mix(pixels: Pixels, window: Window, changed: Pixels, cover: NDArray[np.uint8]) -> Pixels:
    """A copy of the picture that shows ``changed`` (h, w, 3) as far as ``cover`` (h, w) says."""
    out = pixels.copy()
    view = window.of(out)
    part = cv2.merge((cover, cover, cover))
    rest = cv2.multiply(view, cv2.bitwise_not(part), scale=1 / 255)
    cv2.add(rest, cv2.multiply(changed, part, scale=1 / 255), dst=view)
    return out


def put(
    pixels: Pixels,
    window: Window,
    layer: NDArray[np.uint8],
    light: Light,
    *,
    shaded: bool = True,
) -> Pixels:
    """A copy of the picture with a layer that was drawn for a window put into its light.

    ``layer`` (h, w, 4) uint8 is premultiplied as for ``lay``.
    """
    out = pixels.copy()
    put_into(out, window, layer, light, shaded=shaded)
    return out


def put_into(
    out: Pixels,
    window: Window,
    layer: NDArray[np.uint8],
    light: Light,
    *,
    shaded: bool = True,
) -> None:
    """``put`` that changes the picture given, for several layers on one copy of a picture.

    The veil over the sign's black (haze, stray light) lies before the sign, so the sign's shading
    leaves it alone.
    """
    extra = max(light.blur_px**2 - _SHARPEST**2, 0.0) ** 0.5
    if extra > _LEAST_BLUR:
        layer = np.asarray(cv2.GaussianBlur(layer, _kernel(extra), extra), np.uint8)
    gain = (light.white - light.black) * (1 / _PAPER)
    most = _SHADE_LIMITS[1] * float(gain.max())
    scaled = gain * np.float32(255 / most)
    coarse = (_shade_over(light, window)[..., None] if shaded else _EVEN) * scaled
    tint = cv2.resize(coarse.astype(np.uint8), (window.width, window.height))
    lit = cv2.multiply(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), tint, scale=most / 255**2)
    cover = cv2.extractChannel(layer, 3)
    part = cv2.merge((cover, cover, cover))
    lit = cv2.addWeighted(lit, 1, part, float(light.black[0]) / 255, 0)
    view = window.of(out)
    rest = cv2.multiply(view, cv2.bitwise_not(part), scale=1 / 255)
    cv2.add(rest, lit, dst=view)


def compose(
    pixels: Pixels,
    window: Window,
    layer: NDArray[np.float32],
    light: Light,
    *,
    shaded: bool = True,
) -> Pixels:
    """``put`` for a layer (h, w, 4) of floats in [0, 1]."""
    scaled = np.asarray(cv2.convertScaleAbs(layer, alpha=255), np.uint8)
    return put(pixels, window, scaled, light, shaded=shaded)


def measure_light(pixels: Pixels, plane: Plane, window: Window | None = None) -> Light:
    """Measure the light on a sign whose window in the picture is not empty."""
    window = window or plane.window(pixels.shape)
    view = window.of(pixels)
    samples = _samples(view, plane, window)
    red, green, blue = cv2.split(samples)
    high = np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
    low = np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)
    black, white = _levels(samples, high, low)
    shading = _shading(high, low, plane.shape)
    blur = _blur(view, float(white[1] - black[1]))
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
    seen = cv2.warpPerspective(
        view,
        matrix,
        (_GRID, _GRID),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
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
    nodes = (np.arange(_COARSE) + 0.5) / _COARSE - 0.5
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

    White is the mean of the lightest twentieth; where that is coloured the sign shows no white,
    and its brightest channel stands for it. Black is the veil over the darkest channel (the dark
    channel prior of He et al. 2009): red paint reflects next to no blue and green.
    """
    lightness = cv2.addWeighted(high, 0.5, low, 0.5, 0)[0]
    last = len(lightness) - 1
    bound = _ranked(lightness, last - last // 20)
    lightest = (lightness >= bound).view(np.uint8)[None]
    peaks = cv2.mean(samples, lightest)[:3]
    peak = max(peaks)
    if peak > 1 and min(peaks) < 0.6 * peak:
        peaks = tuple(0.35 * one + 0.65 * peak for one in peaks)
    veil = min(0.8 * _ranked(low[0], last // 33), 0.5 * peak)
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
        levels = np.where(white, _inverse_median(one[white]), _inverse_median(one[~white]))
        ratio = one * levels
    else:
        ratio = one * _inverse_median(one)
    grid = np.zeros(_GRID * _GRID, np.float32)
    grid[_places(shape)[::_EVERY]] = ratio
    rise, total = _smoothing(shape)
    smooth = (rise @ grid.reshape(_GRID, _GRID) @ rise.T + _NO_SHADE) / total
    low_limit, high_limit = _SHADE_LIMITS
    return np.asarray(np.minimum(np.maximum(smooth, low_limit), high_limit), np.float32)


def _inverse_median(values: NDArray[np.uint8]) -> np.float32:
    return np.float32(1 / max(_ranked(values, len(values) // 2), 1))


def _ranked(values: NDArray[np.uint8], rank: int) -> int:
    """The value (N,) that ``rank`` others are not above."""
    return int(np.partition(values, rank)[rank])


def _shade_over(light: Light, window: Window) -> NDArray[np.float32]:
    """The shading, seen in a window at a few nodes that span it."""
    plane, nodes = light.plane, _COARSE
    matrix = plane.drawn(
        _COARSE, plane.size_cm, window, grain=(window.width / nodes, window.height / nodes)
    )
    border = cv2.BORDER_REPLICATE
    seen = cv2.warpPerspective(light.shading, matrix, (nodes, nodes), borderMode=border)
    return np.asarray(seen, np.float32)


def _blur(view: Pixels, contrast: float) -> float:
    """The blur of the sharpest edges in a view, as the sigma of a Gaussian in pixels.

    A step of height A under a Gaussian has the greatest slope A / (sigma sqrt(2 pi)). It is
    measured between pixels two apart, which adds the variance of a box two wide.
    """
    if min(view.shape[:2]) < 8:
        return _SHARPEST
    step = max(view.shape[0] // _ROWS, 1)
    green = cv2.extractChannel(view, 1)
    row = green[1:-1:step]
    along = cv2.absdiff(row[:, 2:], row[:, :-2])
    down = cv2.absdiff(green[2::step, 1:-1], green[:-2:step, 1:-1])
    slopes = cv2.magnitude(along.astype(np.float32), down.astype(np.float32)).ravel()
    place = int(0.997 * (len(slopes) - 1))
    slope = 0.5 * float(np.partition(slopes, place)[place])
    wide = contrast / (max(slope, 1e-3) * 2.507)
    if wide > 2 * _SOFTEST:  # no edge at all in the view, so it tells nothing
        return _SHARPEST
    return float(min(max(wide**2 - 1 / 3, _SHARPEST**2) ** 0.5, _SOFTEST))


def _kernel(sigma: float) -> tuple[int, int]:
    """Side of a Gaussian's kernel: 2.5 sigma either way hold 98.8 % of it."""
    side = 2 * math.ceil(2.5 * sigma) + 1
    return side, side
