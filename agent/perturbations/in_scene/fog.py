"""Fog by Koschmieder's law, thicker with distance."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import (
    CAMERA_HEIGHT_M,
    HORIZON,
    daylight,
    focal_px,
    is_crop,
    scene_depth_m,
    target_distance_m,
)
from agent.perturbations._layers import kept
from agent.perturbations.in_scene._light import by_place, cover_of, covering, levels, light_of
from agent.values import Pixels

_CONTRAST_THRESHOLD: Final = 3.912  # -ln 0.02: where a black object fades into the sky
_POST_CM: Final = 8.0
_BANKS: Final = (4, 9)  # knots of the fog's density, down and around
_IN_VIEW: Final = 4  # of the nine knots around
_DRIFT: Final = 0.25  # knots per second


class Fog(Perturbation):
    """Fog that hides more the farther away, by Koschmieder's law.

    I = J exp(-b d) + A (1 - exp(-b d)) in linear light, with b = 3.912 / visibility.
    Visibility falls in equal ratios from 1000 m (where fog begins, WMO) to ``thickest_m`` (30 m:
    below the 50 m at which road authorities speak of very dense fog). The depth d is a road
    scene's: a flat road, things beside it, and a layer of fog 100 m high before what looks like
    sky; the target and the post below it stand at its known distance, or at the one that its size
    tells. A small picture without a region is a crop of the object alone, at ``object_m`` unless
    the distance is known. A is the picture's own diffuse brightness. ``banks`` is how much the
    density drifts by place and time, 0 for even fog.
    """

    thickest_m: float = Field(30.0, ge=5, le=1000)
    object_m: float = Field(15.0, gt=0, le=1000)
    banks: float = Field(0.25, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        shape = pixels.shape
        extinction = _CONTRAST_THRESHOLD / self._visibility(severity)
        distance = target_distance_m(shape, moment)
        sky = round(daylight(pixels))
        if moment.region is not None or moment.quad is not None:
            cover = self._scene(pixels, moment, extinction, sky)
            _show(cover, moment, extinction, distance or 0.0)
        elif distance is not None or is_crop(shape):
            clear = float(np.exp(-extinction * (distance or self.object_m)))
            even = levels(LINEAR * clear + light_of(sky) * (1 - clear))
            return np.asarray(cv2.LUT(pixels, even), np.uint8)
        else:
            cover = self._scene(pixels, moment, extinction, sky)
        return by_place(covering(sky), cover, pixels)

    def describe(self, severity: float) -> str:
        return f"visibility {self._visibility(severity):.0f} m"

    def _visibility(self, severity: float) -> float:
        return float(1000 * (self.thickest_m / 1000) ** severity)

    def _scene(
        self, pixels: Pixels, moment: Moment, extinction: float, sky: float
    ) -> NDArray[np.uint8]:
        """How much of a road scene the fog covers, (H, W), reckoned on every few pixels."""
        shape = pixels.shape
        step = max(2, min(shape[0], shape[1]) // 72)
        depth = scene_depth_m(pixels, step, sky)
        thick = depth * np.float32(-extinction)
        if self.banks > 0:
            thick *= self._drift((depth.shape[0], depth.shape[1]), moment)
        cover = cover_of(1 - np.exp(thick))
        size = (cover.shape[1] * step, cover.shape[0] * step)
        full = np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        return np.ascontiguousarray(full[: shape[0], : shape[1]])

    def _drift(self, shape: tuple[int, int], moment: Moment) -> NDArray[np.float32]:
        """Relative density of the fog (h, w), about 1, drifting sideways with the time."""
        ring = moment.generator(self.kind()).normal(0, 1, _BANKS).astype(np.float32)
        around = _BANKS[1]
        columns = np.linspace(0, _IN_VIEW, shape[1], dtype=np.float32)
        columns += np.float32((_DRIFT * moment.time_s) % around)
        apart = np.abs(columns[None] - np.arange(around, dtype=np.float32)[:, None])
        near = np.maximum(1 - np.minimum(apart, np.abs(around - apart)), 0)
        bank = _rows(shape[0]) @ (ring @ near)
        return np.asarray(np.clip(1 + np.float32(self.banks) * bank, 0.3, 2), np.float32)


@kept
def _rows(count: int) -> NDArray[np.float32]:
    """Weights (count, knots) that spread the density's knots evenly from top to bottom."""
    down = np.linspace(0, _BANKS[0] - 1, count)[:, None]
    return np.maximum(1 - np.abs(down - np.arange(_BANKS[0])), 0).astype(np.float32)


def _show(cover: NDArray[np.uint8], moment: Moment, extinction: float, distance: float) -> None:
    """Give the target, and the post that it stands on, the cover of their own distance."""
    plane = moment.plane(cover.shape)
    window = plane.window(cover.shape, margin_px=4)
    own = int(cover_of(np.array([1 - np.exp(-extinction * distance)]))[0])
    if not window.empty:
        mask = plane.mask(window, scale=0.98)
        soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.015 * plane.side_px, 0.6)), np.uint8)
        _draw_near(window.of(cover), soft, own)
    half = max(_POST_CM / 2 * plane.px_per_cm, 0.5)
    x, top = float(plane.corners[:, 0].mean()), float(plane.corners[2:, 1].mean())
    foot = HORIZON * cover.shape[0] + focal_px(cover.shape) * CAMERA_HEIGHT_M / distance
    y0, y1 = int(max(top, 0)), int(min(foot, cover.shape[0]))
    x0, x1 = int(max(x - half - 1, 0)), int(min(x + half + 2, cover.shape[1]))
    if y1 > y0 and x1 > x0:
        inside = np.clip(half + 0.5 - np.abs(np.arange(x0, x1) + 0.5 - x), 0, 1)
        post = np.broadcast_to((255 * inside).astype(np.uint8), (y1 - y0, x1 - x0))
        _draw_near(cover[y0:y1, x0:x1], np.ascontiguousarray(post), own)


def _draw_near(view: NDArray[np.uint8], mask: NDArray[np.uint8], own: int) -> None:
    """Blend one cover over a view in place, by a mask 0..255."""
    share = mask.astype(np.int32)
    mixed = view.astype(np.int32) * (255 - share) + own * share + 127
    view[:] = (mixed // 255).astype(np.uint8)
