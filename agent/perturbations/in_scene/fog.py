"""Fog by Koschmieder's law, thicker with distance."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.geometry.plane import sign_plane
from agent.geometry.sign_face import octagon
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import daylight, is_crop, row_depth_m, target_distance_m
from agent.perturbations._tables import look_up
from agent.values import Pixels

_STEPS = 256  # transmittances that are told apart
_POST = 0.3  # below a sign stands its post: distances there count less
_WIDENING = 0.18
_CONTRAST_THRESHOLD = 3.912  # -ln 0.02: where a black object fades into the sky


class Fog(Perturbation):
    """I = J exp(-b d) + A (1 - exp(-b d)) in linear light, with b = 3.912 / visibility.

    Visibility falls in equal ratios from 1000 m (where fog begins, WMO) to ``thickest_m`` (30 m:
    below the 50 m at which road authorities speak of very dense fog). The depth d comes from a road
    scene's prior, growing towards the horizon; the target stands at its known distance, or at the
    one that its size tells; a small picture without a region is a crop of the object alone, at
    ``object_m`` unless the distance is known. A is the picture's own diffuse brightness. ``banks``
    is how much the density drifts by place and time, 0 for even fog.
    """

    thickest_m: float = Field(30.0, ge=5, le=1000)
    object_m: float = Field(30.0, gt=0, le=1000)
    banks: float = Field(0.25, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        extinction = _CONTRAST_THRESHOLD / self._visibility(severity)
        clear = np.exp(-extinction * self._depth(pixels.shape, moment))
        steps = np.asarray(clear * (_STEPS - 1) + 0.5).astype(np.uint8)
        return look_up(_table(daylight(pixels)), steps, pixels)

    def describe(self, severity: float) -> str:
        return f"visibility {self._visibility(severity):.0f} m"

    def _visibility(self, severity: float) -> float:
        return float(1000 * (self.thickest_m / 1000) ** severity)

    def _depth(self, shape: tuple[int, ...], moment: Moment) -> NDArray[np.float32]:
        """Optical depth in metres of even fog, (H, W)."""
        distance = target_distance_m(shape, moment)
        alone = moment.region is None and moment.quad is None
        if alone and (distance is not None or is_crop(shape)):
            return np.full(shape[:2], distance or self.object_m, np.float32)
        rows = row_depth_m(shape).astype(np.float32)[:, None]
        depth = np.asarray(self._drift(shape, moment) * rows, np.float32)
        if distance is not None and not alone:
            _stand(depth, shape, moment, distance)
        return depth

    def _drift(self, shape: tuple[int, ...], moment: Moment) -> NDArray[np.float32]:
        """Relative density of the fog (H, W), about 1, drifting sideways with the time."""
        if self.banks == 0:
            return np.ones(shape[:2], np.float32)
        coarse = moment.generator(self.kind()).normal(0, 1, (4, 9)).astype(np.float32)
        ring = np.concatenate([coarse, coarse[:, :5]], 1)
        place = (0.25 * moment.time_s) % 9
        rows = np.linspace(0, 3, shape[0], dtype=np.float32)
        columns = (place + np.linspace(0, 4, shape[1], dtype=np.float32)) % 9
        small = cv2.remap(
            ring,
            np.broadcast_to(columns[::8], (len(rows[::8]), len(columns[::8]))).copy(),
            np.broadcast_to(rows[::8, None], (len(rows[::8]), len(columns[::8]))).copy(),
            cv2.INTER_LINEAR,
        )
        full = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.clip(1 + self.banks * full, 0.3, 2), np.float32)


def _stand(
    depth: NDArray[np.float32], shape: tuple[int, ...], moment: Moment, distance: float
) -> None:
    """Put the target at its distance into the depth map, its outline an octagon.

    What is near it in the picture, its post and its neighbours, is not much farther away.
    """
    plane = sign_plane(shape, region=moment.region, quad=moment.quad, size_cm=moment.size_cm)
    middle, half = plane.corners.mean(0), plane.side_px / 2
    across = (np.arange(shape[1], dtype=np.float32) + 0.5 - middle[0]) / half
    down = (np.arange(shape[0], dtype=np.float32) + 0.5 - middle[1]) / half
    down = np.where(down > 0, down * _POST, down)
    away = np.square(across, dtype=np.float32)[None] + np.square(down, dtype=np.float32)[:, None]
    np.minimum(depth, np.float32(distance) * (1 + _WIDENING * away), out=depth)
    window = plane.window(shape)
    if window.empty:
        return
    cover = plane.fill(octagon(0.97 * plane.size_cm), window).astype(np.float32) / 255
    cover = cv2.GaussianBlur(cover, (0, 0), max(0.02 * plane.side_px, 0.6))
    view = depth[window.y0 : window.y1, window.x0 : window.x1]
    view += cover * (distance - view)


def _table(sky: float) -> NDArray[np.uint8]:
    """Picture value by transmittance and clean value, (_STEPS, 256)."""
    clear = np.linspace(0, 1, _STEPS)[:, None]
    veil = np.interp(sky, np.arange(256), LINEAR)
    return to_levels(LINEAR[None] * clear + veil * (1 - clear))
