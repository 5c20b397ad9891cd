"""The bright spot that headlights throw back from a sign."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels, derived_seed

_EXTENT: Final = 1.3  # the glow reaches beyond the sign
_FALL: Final = 4
_PEAK: Final = 6.0  # light in the middle, in units of what saturates the sensor
_RETRO: Final = 2.5  # light thrown back in the sign's own colours, as a multiple of the spot's
_SKIRT: Final = 0.03
_GLOW: Final = 0.05
_GLOW_CM: Final = 7.0
_GRID: Final = 64
_TWO_LAMPS: Final = 0.5
_LAMP: Final = (1.0, 0.98, 0.93)  # a lamp of some 5500 K beside daylight
_RIPPLE: Final = ((22.0, 0.035), (9.0, 0.012))


class GlareSpot(Perturbation):
    """Headlights mirrored by the sign's face: a spot that saturates it, with a skirt and a glow.

    Severity is the share of the face that is blown out to white, from 0 to ``most``. The face's
    gloss mirrors the lamps as white light that falls off as (1 + r²)⁻⁴: the rounded core and the
    long tail of a rough surface's lobe (as GGX has, Walter et al. 2007). Its retroreflective sheet
    throws light back in its own colours around that. Both are added in linear light and clip where
    the sensor is full; a twentieth of it scatters in the lens beyond the rim. One lobe, or two side
    by side for the two lamps; the spot lies where chance puts it and stays there.
    """

    most: float = Field(0.5, gt=0, le=0.95)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        window = plane.window(pixels.shape, extent=_EXTENT)
        if severity <= 0 or window.empty:
            return pixels.copy()
        light = _light(
            plane.layer_side(extent=_EXTENT),
            plane.size_cm,
            plane.shape,
            derived_seed(moment.seed, self.kind()),
            severity * self.most,
            1.0 if moment.quad is not None else weather.WITHIN,
        )
        out = pixels.copy()
        view = window.of(out)
        view[:] = _lit(view, plane.warp(light, window, extent=_EXTENT))
        return out

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the sign's face blown out"


@kept
def _light(
    side: int, size_cm: float, shape: Shape, seed: int, share: float, within: float
) -> weather.Layer:
    """Added light over ``_EXTENT`` hulls, (side, side), as the root of its part of ``_PEAK``."""
    level = _level(size_cm, shape, seed, share)
    span = size_cm * _EXTENT
    away = _away(side, span, size_cm, seed)
    fall = _PEAK / (1 + (_PEAK ** (1 / _FALL) - 1) * (away / level) ** 2) ** _FALL  # 1 at level
    skirt = _SKIRT / (1 + (away / (2.5 * level)) ** 2) ** 2
    face = weather.face_cover(shape, side, within / _EXTENT).astype(np.float32) / 255
    lit = (fall + skirt) * face
    wide = max(_GLOW_CM * side / span, 0.5)
    glow = cv2.GaussianBlur(lit, (0, 0), wide, borderType=cv2.BORDER_CONSTANT)
    line = np.sin(np.pi * (np.arange(side) + 0.5) / side).astype(np.float32)
    ends = np.minimum(6 * np.minimum(line[:, None], line[None, :]), 1)  # none at the layer's edge
    total = np.minimum(lit + _GLOW * glow * (1 - face) * ends, _PEAK)
    return np.asarray((255 * np.sqrt(total / _PEAK) + 0.5).astype(np.uint8))


@kept
def _radii(size_cm: float, shape: Shape, seed: int) -> weather.Field:
    """How far the points of the face lie from the spot, in its own measure, sorted."""
    away = _away(_GRID, size_cm, size_cm, seed)
    return np.sort(away[weather.face_cover(shape, _GRID) > 127])


def _level(size_cm: float, shape: Shape, seed: int, share: float) -> float:
    """How large the spot must be to cover a share of the face."""
    radii = _radii(size_cm, shape, seed)
    return max(float(np.interp(share, np.linspace(0, 1, len(radii)), radii)), 1e-4)


def _away(side: int, span_cm: float, size_cm: float, seed: int) -> weather.Field:
    """Distance from the spot's middle (from the nearer of its two), in parts of the hull."""
    chance = weather.chance_of(seed, "spot")
    x, y = weather.positions(side, span_cm / size_cm)
    middle, flat = chance.uniform(-0.24, 0.24, 2), chance.uniform(0.75, 1.3)
    apart = chance.uniform(0.1, 0.2) if chance.random() < _TWO_LAMPS else 0.0
    tilt = chance.uniform(-0.35, 0.35)
    across, down = x - middle[0], (y - middle[1]) * flat
    leaning = across + tilt * down
    near = np.minimum(np.abs(leaning - apart), np.abs(leaning + apart))
    ripple = weather.noise(side, span_cm, _RIPPLE, weather.chance_of(seed, "ripple"))
    return np.asarray(np.hypot(near, down) * (1 + ripple), np.float32)


def _lit(view: Pixels, light: weather.Layer) -> Pixels:
    """A view (h, w, 3) with light added, in linear light; exactly as it was where there is none."""
    added = cv2.LUT(cv2.merge((light, light, light)), _ADDED)
    total = cv2.add(cv2.multiply(added, cv2.LUT(view, _GAIN)), cv2.LUT(view, _LINEAR))
    after = cv2.LUT(cv2.convertScaleAbs(cv2.sqrt(total), alpha=255), _FROM_ROOT)
    return np.asarray(cv2.add(view, cv2.subtract(after, cv2.LUT(view, _AGAIN))), np.uint8)


_LINEAR: Final = LINEAR.astype(np.float32)
_GAIN: Final = (1 + _RETRO * LINEAR).astype(np.float32)
_ADDED: Final = (_PEAK * (np.arange(256)[:, None] / 255) ** 2 * np.array(_LAMP))[:, None].astype(
    np.float32
)
_FROM_ROOT: Final = to_levels((np.arange(256) / 255) ** 2)
_AGAIN: Final = _FROM_ROOT[np.round(255 * np.sqrt(LINEAR)).astype(int)]
"""What each picture value becomes by way of the 8-bit root, so that no light changes nothing."""
