"""Fog by Koschmieder's law, thicker with distance."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._camera_view import daylight
from agent.perturbations._layers import kept
from agent.perturbations._tables import look_up
from agent.perturbations.in_scene._air import air_cover, even_distance_m
from agent.perturbations.in_scene._light import covering, levels, light_of
from agent.values import Pixels

_CONTRAST_THRESHOLD: Final = 3.912  # -ln 0.02: where a black object fades into the sky
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

    motion: ClassVar[Motion] = "moving"

    thickest_m: float = Field(30.0, ge=5, le=1000)
    object_m: float = Field(15.0, gt=0, le=1000)
    banks: float = Field(0.25, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        extinction = _CONTRAST_THRESHOLD / self._visibility(severity)
        sky = round(daylight(pixels))
        distance = even_distance_m(pixels.shape, moment, self.object_m)
        if distance is not None:
            clear = float(np.exp(-extinction * distance))
            even = levels(LINEAR * clear + light_of(sky) * (1 - clear))
            return np.asarray(cv2.LUT(pixels, even), np.uint8)
        drift = partial(self._drift, moment=moment) if self.banks > 0 else None
        cover = air_cover(pixels, moment, extinction, sky, drift)
        return look_up(covering(sky), cover, pixels)

    def describe(self, severity: float) -> str:
        return f"visibility {self._visibility(severity):.0f} m"

    def _visibility(self, severity: float) -> float:
        return float(1000 * (self.thickest_m / 1000) ** severity)

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
