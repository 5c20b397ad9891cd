"""Changes of the sign alone in floating point; where they lie the kinds themselves say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.geometry.photometry import to_encoded, to_linear
from agent.perturbations import Moment
from agent.perturbations.on_object import _weathering as weather
from agent.perturbations.on_object import cast_shadow as shadow
from agent.perturbations.on_object import fading as bleaching
from agent.values import Pixels, derived_seed

Floats = NDArray[np.float64]

_TO_XYZ = np.array(  # IEC 61966-2-1
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(1)
_RATES = np.array((0.4, 1.0, 0.92))
_BODY = 0.3


def cast_shadow(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """CIELAB's L times a factor, a and b kept, where the shadow lies."""
    kind = shadow.CastShadow.model_validate({})
    plane = moment.plane(pixels.shape)
    window = plane.window(pixels.shape)
    side = plane.layer_side()
    soft = shadow._stepped(min(kind.edge_px, 0.06 * plane.side_px) / 2 * side / plane.side_px)
    seed = derived_seed(moment.seed, kind.kind())
    share = 0.2 + severity * (kind.area - 0.2)
    drawn = shadow._shade(side, seed, kind.corners, plane.shape, (0.95, share, soft))
    cover = plane.warp(drawn, window)[..., None] / 255
    out = pixels.astype(np.float64)
    view = window.of(pixels)
    factor = 1 - severity * (1 - kind.darkest)
    top, left = window.y0, window.x0
    part = out[top : top + window.height, left : left + window.width]
    part += cover * (_with_lightness(view, factor) - view)
    return out


def fading(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Ink as a filter: what passes is raised to a power, unevenly over the face."""
    kind = bleaching.Fading.model_validate({})
    plane = moment.plane(pixels.shape)
    window = plane.window(pixels.shape)
    seed = derived_seed(moment.seed, kind.kind())
    layer = bleaching._where(plane.layer_side(), plane.size_cm, plane.shape, seed, weather.WITHIN)
    cover = plane.warp(layer, window)
    view = window.of(pixels).astype(np.float64)
    body = view.max(2, keepdims=True)
    white = bleaching._white(body[..., 0].astype(np.uint8), cover)
    gone = bleaching._strength(severity * kind.most / 100)
    share = np.minimum(body / white, 1)
    lifted = np.where(body < white, white * share ** (1 - _BODY * gone), body)
    faded = lifted * (view / np.maximum(body, 1)) ** (1 - _RATES * gone)
    cool = np.maximum(view[..., 1], view[..., 2]) - view[..., 0]
    fast = np.interp(cool, (8, 70), (1, 120 / 255))
    out = pixels.astype(np.float64)
    part = out[window.y0 : window.y0 + window.height, window.x0 : window.x0 + window.width]
    part += (cover / 255 * fast)[..., None] * (faded - view)
    return out


def _with_lightness(view: Pixels, factor: float) -> Floats:
    """A view (h, w, 3) whose lightness L of CIELAB is multiplied."""
    ratios = to_linear(view / 255) @ _TO_XYZ.T / _WHITE
    edge = 6 / 29
    roots = np.where(ratios > edge**3, np.cbrt(ratios), ratios / (3 * edge**2) + 4 / 29)
    # a and b are differences of the roots: the same change of all three leaves them.
    lower = (1 - factor) * (roots[..., 1:2] - 16 / 116)
    roots = roots - lower
    ratios = np.where(roots > edge, roots**3, 3 * edge**2 * (roots - 4 / 29))
    light = (ratios * _WHITE) @ np.linalg.inv(_TO_XYZ).T
    return 255 * to_encoded(light)
