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
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.light import BRIGHTEST_SHADE, SHARPEST, Light, measure_light
from agent.geometry.plane import Plane, Window
from agent.values import Pixels

__all__ = ["Light", "change", "lay", "measure_light", "mix", "put", "put_into"]

_LEAST_BLUR: Final = 0.4
_EVEN: Final = np.ones((1, 1, 1), np.float32)


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
    extra = max(light.blur_px**2 - SHARPEST**2, 0.0) ** 0.5
    if extra > _LEAST_BLUR:
        layer = np.asarray(cv2.GaussianBlur(layer, _kernel(extra), extra), np.uint8)
    most = BRIGHTEST_SHADE * max(light.gain)
    scaled = np.array([one * (255 / most) for one in light.gain], np.float32)
    coarse = (_shade_over(light, window)[..., None] if shaded else _EVEN) * scaled
    tint = cv2.resize(coarse.astype(np.uint8), (window.width, window.height))
    lit = cv2.multiply(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), tint, scale=most / 255**2)
    cover = cv2.extractChannel(layer, 3)
    part = cv2.merge((cover, cover, cover))
    lit = cv2.addWeighted(lit, 1, part, light.veil / 255, 0)
    view = window.of(out)
    rest = cv2.multiply(view, cv2.bitwise_not(part), scale=1 / 255)
    cv2.add(rest, lit, dst=view)


def _shade_over(light: Light, window: Window) -> NDArray[np.float32]:
    """The shading, seen in a window at a few nodes that span it."""
    plane, nodes = light.plane, light.shading.shape[0]
    if _fits(plane, window):
        return light.shading
    matrix = plane.drawn(
        nodes, plane.size_cm, window, grain=(window.width / nodes, window.height / nodes)
    )
    border = cv2.BORDER_REPLICATE
    seen = cv2.warpPerspective(light.shading, matrix, (nodes, nodes), borderMode=border)
    return np.asarray(seen, np.float32)


def _fits(plane: Plane, window: Window) -> bool:
    """Whether a sign fills its window so squarely that the one's nodes do for the other."""
    near = 3 + 0.04 * plane.side_px
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = plane.corners.tolist()
    left, right = max(ax, dx) - window.x0, window.x1 - min(bx, cx)
    top, bottom = max(ay, by) - window.y0, window.y1 - min(cy, dy)
    return bool(min(left, right, top, bottom) > -1 and max(left, right, top, bottom) < near)


def _kernel(sigma: float) -> tuple[int, int]:
    """Side of a Gaussian's kernel: 2.5 sigma either way hold 98.8 % of it."""
    side = 2 * math.ceil(2.5 * sigma) + 1
    return side, side
