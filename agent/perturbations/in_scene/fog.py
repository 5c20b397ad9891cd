"""Fog by Koschmieder's law, thicker with distance."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import daylight, is_crop, row_depth_m, target_distance_m
from agent.perturbations._tables import look_up
from agent.values import Pixels

_STEPS = 256  # transmittances that are told apart
_POST = 0.3  # below a sign stands its post: distances there count less
_WIDENING = 0.18
_CONTRAST_THRESHOLD = 3.912  # -ln 0.02: where a black object fades into the sky


class Fog(Perturbation):
    """Fog that hides more the farther away, by Koschmieder's law.

    I = J exp(-b d) + A (1 - exp(-b d)) in linear light, with b = 3.912 / visibility.
    Visibility falls in equal ratios from 1000 m (where fog begins, WMO) to ``thickest_m`` (30 m:
    below the 50 m at which road authorities speak of very dense fog). The depth d comes from a road
    scene's prior, growing towards the horizon; the target stands at its known distance, or at the
    one that its size tells; a small picture without a region is a crop of the object alone, at
    ``object_m`` unless the distance is known. A is the picture's own diffuse brightness. ``banks``
    is how much the density drifts by place and time, 0 for even fog.
    """

    thickest_m: float = Field(30.0, ge=5, le=1000)
    object_m: float = Field(15.0, gt=0, le=1000)
    banks: float = Field(0.25, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        extinction = _CONTRAST_THRESHOLD / self._visibility(severity)
        distance = target_distance_m(pixels.shape, moment)
        if moment.region is not None or moment.quad is not None:
            clear = self._scene(pixels.shape, moment, extinction, distance)
            _show(clear, pixels.shape, moment, float(np.exp(-extinction * (distance or 0))))
        elif distance is not None or is_crop(pixels.shape):
            even = np.exp(-extinction * (distance or self.object_m))
            clear = np.full(pixels.shape[:2], even, np.float32)
        else:
            clear = self._scene(pixels.shape, moment, extinction, None)
        steps = cv2.convertScaleAbs(clear, alpha=_STEPS - 1)
        return look_up(_table(daylight(pixels)), np.asarray(steps, np.uint8), pixels)

    def describe(self, severity: float) -> str:
        return f"visibility {self._visibility(severity):.0f} m"

    def _visibility(self, severity: float) -> float:
        return float(1000 * (self.thickest_m / 1000) ** severity)

    def _scene(
        self, shape: tuple[int, ...], moment: Moment, extinction: float, distance: float | None
    ) -> NDArray[np.float32]:
        """Transmittance of a road scene, (H, W), reckoned on every few pixels."""
        step = max(1, min(shape[0], shape[1]) // 120)
        rows = row_depth_m(shape).astype(np.float32)[::step]
        depth = np.broadcast_to(rows[:, None], (len(rows), -(-shape[1] // step)))
        if distance is not None:
            depth = np.minimum(depth, _around_target(shape, moment, distance)[::step, ::step])
        density = extinction * self._drift(depth.shape, moment)
        clear = np.exp(-density * depth, dtype=np.float32)
        full = cv2.resize(clear, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray(full, np.float32)

    def _drift(self, shape: tuple[int, ...], moment: Moment) -> NDArray[np.float32]:
        """Relative density of the fog (H, W), about 1, drifting sideways with the time."""
        if self.banks == 0:
            return np.ones(shape[:2], np.float32)
        coarse = moment.generator(self.kind()).normal(0, 1, (4, 9)).astype(np.float32)
        ring = np.concatenate([coarse, coarse[:, :5]], 1)
        place = (0.25 * moment.time_s) % 9
        rows = np.linspace(0, 3, shape[0], dtype=np.float32)
        columns = (place + np.linspace(0, 4, shape[1], dtype=np.float32)) % 9
        grid = (shape[0], shape[1])
        bank = cv2.remap(
            ring,
            np.ascontiguousarray(np.broadcast_to(columns, grid)),
            np.ascontiguousarray(np.broadcast_to(rows[:, None], grid)),
            cv2.INTER_LINEAR,
        )
        return np.asarray(np.clip(1 + self.banks * bank, 0.3, 2), np.float32)


def _around_target(shape: tuple[int, ...], moment: Moment, distance: float) -> NDArray[np.float32]:
    """How far away things can be, (H, W): what is near the target in the picture, its post and
    its neighbours, is not much farther than the target."""
    plane = moment.plane(shape)
    middle, half = plane.corners.mean(0), plane.side_px / 2
    across = ((np.arange(shape[1]) + 0.5 - middle[0]) / half).astype(np.float32)
    down = ((np.arange(shape[0]) + 0.5 - middle[1]) / half).astype(np.float32)
    down = np.where(down > 0, down * np.float32(_POST), down)
    away = (across**2)[None] + (down**2)[:, None]
    return np.asarray(distance * (1 + _WIDENING * away), np.float32)


def _show(
    clear: NDArray[np.float32], shape: tuple[int, ...], moment: Moment, target: float
) -> None:
    """Give the target its own transmittance; its outline is an octagon's."""
    plane = moment.plane(shape)
    window = plane.window(shape)
    if window.empty:
        return
    cover = plane.mask(window, scale=0.97).astype(np.float32) / 255
    soft = np.asarray(cv2.GaussianBlur(cover, (0, 0), max(0.02 * plane.side_px, 0.6)), np.float32)
    view = clear[window.y0 : window.y1, window.x0 : window.x1]
    view += soft * (np.float32(target) - view)


def _table(sky: float) -> NDArray[np.uint8]:
    """Picture value by transmittance and clean value, (_STEPS, 256)."""
    clear = np.linspace(0, 1, _STEPS)[:, None]
    veil = np.interp(sky, np.arange(256), LINEAR)
    return to_levels(np.asarray(LINEAR * clear + veil * (1 - clear), np.float64))
