"""A hard-edged shadow that falls on the sign from something outside the picture."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import mix
from agent.geometry.plane import Window
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object._face import covered, face, face_points
from agent.values import Pixels, derived_seed

_LEAST_AREA: Final = 0.2
_POINTS: Final = 32  # across the face, to find the shadow's share of it
_STEP: Final = 0.12
_SAFE: Final = 0.95  # where only the box is known, the rim may be sky


class CastShadow(Perturbation):
    """The shadow of a pole, roof or branch on the sign: LAB lightness times a factor.

    As in the shadow attack (Zhong et al., CVPR 2022): L is multiplied by a factor of .4-.8 inside
    a polygon and the sign's face, the edge softened by about 3 px, a and b kept. Severity lowers
    the factor from 1 to ``darkest`` (the attack's own is .43; full shade under a clear sky .3-.5)
    and widens the polygon from 20 % of the face to ``area``. ``corners`` of the polygon are drawn
    by chance around a point of the face; it grows from there, so that more severity only adds.
    """

    darkest: float = Field(0.4, ge=0.1, lt=1)
    area: float = Field(0.5, gt=0, le=1)
    corners: int = Field(4, ge=3, le=9)
    edge_px: float = Field(3.0, ge=0, le=30)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        window = plane.window(pixels.shape)
        if severity <= 0 or window.empty:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        known = 1.0 if moment.quad is not None else _SAFE
        share = self._share(severity)
        side = plane.layer_side()
        edge = min(self.edge_px, 0.06 * plane.side_px)
        soft = _stepped(edge / 2 * side / plane.side_px) if edge > 0.3 else 0.0
        drawn = _shade(side, seed, self.corners, plane.shape, (known, share, soft))
        cover = plane.warp(drawn, window)
        x, y, wide, high = cv2.boundingRect(cover)
        left, top = window.x0 + x, window.y0 + y
        dark = Window(left, top, left + wide, top + high)
        if dark.empty:
            return pixels.copy()
        changed = _darkened(dark.of(pixels), self._factor(severity))
        return mix(pixels, dark, changed, cover[y : y + high, x : x + wide])

    def describe(self, severity: float) -> str:
        share = 100 * self._share(severity) if severity > 0 else 0
        return f"lightness ×{self._factor(severity):.2f} on {share:.0f} % of the sign"

    def _factor(self, severity: float) -> float:
        return 1 - severity * (1 - self.darkest)

    def _share(self, severity: float) -> float:
        least = min(_LEAST_AREA, self.area)
        return least + severity * (self.area - least)


def _stepped(sigma: float) -> float:
    """A blur rounded to steps of an eighth, so that a sign that comes near shares drawings."""
    return math.exp(_STEP * round(math.log(sigma) / _STEP))


@kept
def _shade(
    side: int, seed: int, corners: int, shape: Shape, drawn: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Coverage of the shadow on the face, (side, side): soft at its own edge, not at the face's.

    ``drawn`` are the part of the outline that is the face, the shadow's share of the face, and its
    softness in pixels of the drawing, as a Gaussian's sigma.
    """
    known, share, soft = drawn
    polygon = covered(side, [_polygon(seed, corners, shape, share)])
    if soft > 0:
        polygon = np.asarray(cv2.GaussianBlur(polygon, (0, 0), soft), np.uint8)
    return np.asarray(cv2.multiply(polygon, face(side, shape, known), scale=1 / 255), np.uint8)


def _polygon(seed: int, corners: int, shape: Shape, share: float) -> NDArray[np.float64]:
    """Corners (N, 2) in parts of the hull's side, covering the wanted share of the face."""
    chance = np.random.Generator(np.random.SFC64(seed))
    around = (np.arange(corners) + chance.uniform(-0.35, 0.35, corners)) * (
        2 * np.pi / corners
    ) + chance.uniform(0, 2 * np.pi)
    reach = chance.uniform(0.5, 1.5, corners)
    points = face_points(shape, _POINTS)
    away, where = 0.3 * np.sqrt(chance.uniform()), chance.uniform(0, 2 * np.pi)
    centre = points.mean(0) + away * np.array((np.cos(where), np.sin(where)))
    spokes = reach[:, None] * np.stack([np.cos(around), np.sin(around)], 1)
    size = np.quantile(_gauge(points - centre, spokes), share)
    return np.asarray(centre + size * spokes)


def _darkened(view: Pixels, factor: float) -> Pixels:
    """A view (h, w, 3) whose LAB lightness is multiplied by a factor."""
    lab = cv2.cvtColor(view, cv2.COLOR_RGB2LAB)
    lightness = cv2.convertScaleAbs(cv2.extractChannel(lab, 0), alpha=factor)
    cv2.insertChannel(lightness, lab, 0)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _gauge(points: NDArray[np.float64], spokes: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the star-shaped polygon must grow to reach each point: (N,)."""
    x, y = points.T
    (ax, ay), (bx, by) = spokes.T[..., None], np.roll(spokes, -1, 0).T[..., None]
    across = ax * by - ay * bx
    first, second = (x * by - y * bx) / across, (ax * y - ay * x) / across
    between = (first >= -1e-9) & (second >= -1e-9)
    return np.asarray(np.where(between, first + second, np.inf).min(0))
