"""What light a sign stands in, measured from its pixels, and how a layer is put into it.

A sticker that is pasted at its own brightness looks pasted, and predicts real attacks badly
(REAP, Hingun et al. 2023: relight by the sign's own levels). So the sign's black and white
levels, its shading and the sharpness of the picture there are measured, and the layer gets them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.plane import Plane, Window
from agent.values import Pixels

_THUMB = 48  # side in pixels of the small copy that levels and shading are measured on
_INNER = 0.84  # part of the face that is measured: where only a box is known, sky shows at its rim
_PAPER = 0.92  # what reflects as much as the sign's own white
_SHADE_LIMITS = (0.45, 1.3)
_SHARPEST, _SOFTEST = 0.5, 3.5  # blur in px, as Gaussian sigma


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light on a sign.

    ``black`` and ``white`` (3,) are what reflectance 0 and ``_PAPER`` look like, 0..255 per
    channel; ``shading`` (h, w) float32 is about 1; ``blur_px`` is a Gaussian's sigma.
    """

    black: NDArray[np.float32]
    white: NDArray[np.float32]
    shading: NDArray[np.float32]
    blur_px: float


def measure_light(pixels: Pixels, plane: Plane, window: Window) -> Light:
    """Measure the light on the sign within a window of the picture that is not empty."""
    view = window.of(pixels)
    scale = min(1.0, _THUMB / max(window.width, window.height))
    size = (max(round(window.width * scale), 1), max(round(window.height * scale), 1))
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = plane.mask(window, scale=_INNER)
    on_sign = cv2.resize(inside, size, interpolation=cv2.INTER_AREA) > 200
    if int(on_sign.sum()) < 8:
        on_sign = np.ones(on_sign.shape, bool)
    black, white = _levels(small[on_sign])
    shading = _shading(small, on_sign)
    full = cv2.resize(shading, (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    return Light(black, white, np.asarray(full, np.float32), _blur(view, white - black))


def compose(
    pixels: Pixels,
    window: Window,
    layer: NDArray[np.float32],
    light: Light,
    *,
    shaded: bool = True,
) -> Pixels:
    """A copy of the picture with a layer put into its light.

    ``layer`` (h, w, 4) float32 is premultiplied: reflectance times coverage in R, G, B, coverage
    in the fourth channel, all in [0, 1]. ``shaded`` False leaves the sign's shading out, for what
    hangs before the sign rather than on it.
    """
    extra = float(np.sqrt(max(light.blur_px**2 - _SHARPEST**2, 0.0)))
    if extra > 0.3:
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), extra), np.float32)
    cover = layer[..., 3:]
    lit = layer[..., :3] * ((light.white - light.black) / _PAPER) + cover * light.black
    if shaded:
        lit *= light.shading[..., None]
    out = pixels.copy()
    view = window.of(out)
    view[:] = np.clip(view * (1 - cover) + lit + 0.5, 0, 255).astype(np.uint8)
    return out


def _levels(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Black and white level per channel from the sign's samples (N, 3).

    White is the mean of the brightest twentieth; where that is coloured the sign shows no white,
    and its brightest channel stands for it. Black is the veil over the darkest channel (the dark
    channel prior of He et al. 2009): red paint reflects next to no blue and green.
    """
    bright = samples.sum(1)
    white = samples[bright >= np.percentile(bright, 95)].mean(0)
    peak = float(white.max())
    if peak > 1 and float(white.min()) < 0.6 * peak:
        white = 0.35 * white + 0.65 * peak
    veil = 0.8 * float(np.percentile(samples.min(1), 3))
    black = np.full(3, min(veil, 0.5 * peak), np.float32)
    return black, np.maximum(white, black + 8).astype(np.float32)


def _shading(small: NDArray[np.float32], on_sign: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Slow change of brightness over the sign, about 1: (h, w).

    White and coloured paint are told apart by saturation and each is compared with its own median,
    so that legend and border do not count as light and shade.
    """
    value = small.max(2) + 1
    saturation = 1 - (small.min(2) + 1) / value
    low, high = np.percentile(saturation[on_sign], (10, 90))
    coloured = saturation > (low + high) / 2 if high - low > 0.15 else np.zeros_like(on_sign)
    ratio = np.ones_like(value)
    for paint in (on_sign & coloured, on_sign & ~coloured):
        if int(paint.sum()) >= 4:
            ratio[paint] = value[paint] / np.median(value[paint])
    weight = on_sign.astype(np.float32)
    spread = max(small.shape[0] / 14, 1.0)
    summed = cv2.GaussianBlur(ratio * weight, (0, 0), spread)
    weights = cv2.GaussianBlur(weight, (0, 0), spread)
    smooth = (summed + 0.05) / (weights + 0.05)
    return np.asarray(np.clip(smooth, *_SHADE_LIMITS), np.float32)


def _blur(view: Pixels, contrast: NDArray[np.float32]) -> float:
    """The blur of the sharpest edges in a view, as the sigma of a Gaussian in pixels.

    A step of height A under a Gaussian has the greatest slope A / (sigma sqrt(2 pi)).
    """
    if min(view.shape[:2]) < 8:
        return _SHARPEST
    green = view[..., 1]
    step = max(1, min(view.shape[:2]) // 256)  # of a very large sign every other row is enough
    along = cv2.Sobel(green, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)[::step]
    down = cv2.Sobel(green, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)[::step]
    slope = float(np.percentile(cv2.magnitude(along, down), 99.7))
    sigma = float(contrast[1]) / (max(slope, 1e-3) * 2.507)
    if sigma > 2 * _SOFTEST:  # no edge at all in the view, so it tells nothing
        return _SHARPEST
    return float(np.clip(sigma, _SHARPEST, _SOFTEST))
