"""Sun glare: a low sun in or near the picture, and the veil of its strayed light."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import focal_px, is_crop
from agent.perturbations._layers import kept
from agent.perturbations.in_scene._glare import offsets_deg, over, veil
from agent.perturbations.in_scene._light import adding, by_place, levels
from agent.values import Pixels

_FARTHEST_DEG: Final = 35.0
_SUN_LIGHT: Final = (1.12, 0.98, 0.72)  # of white's: the sun some degrees up, about 4500 K
_SIGN_RADIUS: Final = 0.54  # of an octagon, by its height
_SLANT: Final = 0.9  # radians: how far to the left or right of straight up the sun may stand


class SunGlare(Perturbation):
    """Low sun ahead: its disc burns out, and the light that strays from it veils the picture.

    The angle between the sun and the target's edge (or the picture's middle, where no target is
    known) falls in equal ratios from 35 degrees, mostly out of the picture, to ``closest_deg``. The
    veil is the disability glare law of Stiles and Holladay (CIE 146), 10 E / angle^2 cd/m^2, for an
    illuminance of ``sun_lux`` at the lens (a sun 5 degrees up gives some 10 to 20 klx), ``scatter``
    times as much for a windscreen that is not spotless; it is added in linear light, where picture
    white stands for ``white_cd_m2``. The camera's metering darkens the rest by up to
    ``metering_ev``. By chance the sun stands up to 50 degrees to the side of straight up from the
    target. What else would hide its disc is not known: it shines through trees.
    Ghosts within the lens are not in it.
    """

    closest_deg: float = Field(2.0, ge=0, le=30)
    sun_lux: float = Field(12_000.0, ge=0, le=130_000)
    white_cd_m2: float = Field(10_000.0, gt=0)
    scatter: float = Field(2.0, ge=0, le=20)
    metering_ev: float = Field(1.0, ge=0, le=6)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        gain = 2 ** (-self.metering_ev * severity)
        lux = self.sun_lux * self.scatter * gain / self.white_cd_m2
        x, y = _place(pixels.shape, moment, self.kind(), self._degrees(severity))
        coarse = _glare((pixels.shape[0], pixels.shape[1]), x, y, lux)
        return by_place(adding(gain), over(pixels.shape, coarse), pixels)

    def describe(self, severity: float) -> str:
        degrees = self._degrees(severity)
        veiled = 10 * self.sun_lux * self.scatter / degrees**2
        return f"sun {degrees:.1f}° off, veil {veiled:.0f} cd/m²"

    def _degrees(self, severity: float) -> float:
        closest = max(self.closest_deg, 0.27)
        return float(_FARTHEST_DEG * (closest / _FARTHEST_DEG) ** severity)


def _place(
    shape: tuple[int, ...], moment: Moment, kind: str, degrees: float
) -> tuple[float, float]:
    """Where the sun stands, in pixels."""
    slant = float(moment.generator(kind).uniform(-_SLANT, _SLANT))
    away = focal_px(shape) * float(np.tan(np.radians(degrees)))
    x, y = shape[1] / 2, shape[0] / 2
    if moment.region is not None or moment.quad is not None or is_crop(shape):
        plane = moment.plane(shape)
        x, y = plane.corners.mean(0).tolist()
        away += plane.side_px * _SIGN_RADIUS
    return x + away * float(np.sin(slant)), y - away * float(np.cos(slant))


@kept
def _glare(shape: tuple[int, int], x: float, y: float, lux: float) -> NDArray[np.uint8]:
    """Picture values (h, w, 3) of the veil on a coarse grid; ``lux`` relative to white."""
    light = veil(*offsets_deg(shape, x, y), lux)
    return np.asarray(
        cv2.merge([levels(light * np.float32(part)) for part in _SUN_LIGHT]), np.uint8
    )
