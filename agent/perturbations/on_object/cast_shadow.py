"""A hard-edged shadow that falls on the sign from something outside the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.sign_face import octagon
from agent.perturbations import Moment, Perturbation
from agent.values import Pixels

_SAMPLES = 48  # the face is sampled on a grid of this side to find the shadow's area
_LEAST_AREA = 0.2
_SAFE = 0.95  # where only the box is known, the rim may be sky


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
        polygon = self._polygon(severity, moment) * plane.size_cm
        shade = plane.fill(polygon, window)
        edge = min(self.edge_px, 0.06 * plane.side_px)
        if edge > 0.3:
            shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), edge / 2), np.uint8)
        known = 1.0 if moment.quad is not None else _SAFE
        face = plane.mask(window, scale=known)
        cover = shade.astype(np.float32) * face.astype(np.float32) * (1 / 255**2)
        out = pixels.copy()
        view = window.of(out)
        view[:] = _darkened(view, 1 - (1 - self._factor(severity)) * cover)
        return out

    def describe(self, severity: float) -> str:
        share = 100 * self._share(severity) if severity > 0 else 0
        return f"lightness ×{self._factor(severity):.2f} on {share:.0f} % of the sign"

    def _factor(self, severity: float) -> float:
        return 1 - severity * (1 - self.darkest)

    def _share(self, severity: float) -> float:
        least = min(_LEAST_AREA, self.area)
        return least + severity * (self.area - least)

    def _polygon(self, severity: float, moment: Moment) -> NDArray[np.float64]:
        """Corners (N, 2) in parts of the hull's side, covering the wanted share of the face."""
        chance = moment.generator(self.kind())
        around = (np.arange(self.corners) + chance.uniform(-0.35, 0.35, self.corners)) * (
            2 * np.pi / self.corners
        ) + chance.uniform(0, 2 * np.pi)
        reach = chance.uniform(0.5, 1.5, self.corners)
        away, where = 0.3 * np.sqrt(chance.uniform()), chance.uniform(0, 2 * np.pi)
        centre = away * np.array((np.cos(where), np.sin(where)))
        spokes = reach[:, None] * np.stack([np.cos(around), np.sin(around)], 1)
        size = np.quantile(_gauge(_face_points() - centre, spokes), self._share(severity))
        return np.asarray(centre + size * spokes)


def _darkened(view: Pixels, factor: NDArray[np.float32]) -> Pixels:
    """LAB lightness of a view (h, w, 3) times a factor (h, w); untouched where that is 1."""
    unit = view.astype(np.float32) * np.float32(1 / 255)
    lab = np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB), np.float32)
    lab[..., 0] *= factor
    dark = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32) * 255 + 0.5
    return np.where(factor[..., None] < 1, np.clip(dark, 0, 255).astype(np.uint8), view)


def _face_points() -> NDArray[np.float64]:
    """Points (N, 2) spread evenly over the octagon, in parts of its width."""
    line = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
    points = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    corner = float(np.abs(octagon(1.0)).sum(1).max())
    return np.asarray(points[np.abs(points).sum(1) <= corner])


def _gauge(points: NDArray[np.float64], spokes: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the star-shaped polygon must grow to reach each point: (N,)."""
    best = np.full(len(points), np.inf)
    for start, end in zip(spokes, np.roll(spokes, -1, 0), strict=True):
        weights = points @ np.linalg.inv(np.stack([start, end]))
        inside = (weights >= -1e-9).all(1)
        best[inside] = np.minimum(best[inside], weights[inside].sum(1))
    return best
