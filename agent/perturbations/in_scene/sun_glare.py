"""Sun glare: a low sun in or near the picture, and the veil of its strayed light."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.plane import CROP_FILL
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import focal_px, is_crop
from agent.perturbations._layers import kept
from agent.perturbations._tables import look_up
from agent.perturbations.in_scene._glare import behind_target, offsets_deg, over, veil
from agent.perturbations.in_scene._light import adding, levels
from agent.values import Pixels

_FARTHEST_DEG: Final = 35.0
_SUN_LIGHT: Final = (1.12, 0.98, 0.72)  # of white's: the sun some degrees up, about 4500 K
_SIGN_RADIUS: Final = 0.54  # of an octagon, by its height
_USUAL: Final = (0.12, 0.3)  # of the picture, from its middle column and its top: beside and above
_HIDDEN_DEG: Final = 5.0  # of a sun behind the target, only light strayed this far is seen
_SLANT: Final = 0.9  # radians: how far to the left or right of straight up the sun may stand


class SunGlare(Perturbation):
    """Low sun ahead: its disc burns out, and the light that strays from it veils the picture.

    The angle between the sun and where targets usually are (beside and above the middle; in
    a crop the object's edge) falls in equal ratios from 35 degrees, mostly out of the picture, to
    ``closest_deg``; so the sun stays where it is while a clip's target moves, and its angle to that
    target is about the one told. The target hides the disc where it stands before it. The veil is
    the disability glare law of Stiles and Holladay (CIE 146), 10 E / angle^2 cd/m^2, for an
    illuminance of ``sun_lux`` at the lens (a sun 5 degrees up gives some 10 to 20 klx), ``scatter``
    times as much for a windscreen that is not spotless; it is added in linear light, where picture
    white stands for ``white_cd_m2``. The camera's metering darkens the rest by up to
    ``metering_ev``. By chance the sun stands up to 50 degrees to the side of straight up from
    there. What else would hide its disc is not known: it shines through trees. Ghosts within the
    lens are not in it.
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
        glare = over(pixels.shape, coarse)
        strayed = 10 * lux / max(_HIDDEN_DEG, self._degrees(severity)) ** 2
        behind_target(glare, (x, y), moment, levels(np.array(_SUN_LIGHT) * strayed))
        return look_up(adding(gain), glare, pixels)

    def describe(self, severity: float) -> str:
        degrees = self._degrees(severity)
        veiled = 10 * self.sun_lux * self.scatter / degrees**2
        return f"sun about {degrees:.1f}° off, veil {veiled:.0f} cd/m²"

    def _degrees(self, severity: float) -> float:
        closest = max(self.closest_deg, 0.27)
        return float(_FARTHEST_DEG * (closest / _FARTHEST_DEG) ** severity)


def _place(
    shape: tuple[int, ...], moment: Moment, kind: str, degrees: float
) -> tuple[float, float]:
    """Where the sun stands, in pixels: the same in all frames of a clip, wherever the target is."""
    slant = float(moment.generator(kind).uniform(-_SLANT, _SLANT))
    away = focal_px(shape) * float(np.tan(np.radians(degrees)))
    x, y = shape[1] * (0.5 + float(np.copysign(_USUAL[0], slant))), shape[0] * _USUAL[1]
    if is_crop(shape):
        x, y = shape[1] / 2, shape[0] / 2
        away += CROP_FILL * min(shape[:2]) * _SIGN_RADIUS
    return x + away * float(np.sin(slant)), y - away * float(np.cos(slant))


@kept
def _glare(shape: tuple[int, int], x: float, y: float, lux: float) -> NDArray[np.uint8]:
    """Picture values (h, w, 3) of the veil on a coarse grid; ``lux`` relative to white."""
    light = veil(*offsets_deg(shape, x, y), lux)
    return np.asarray(
        cv2.merge([levels(light * np.float32(part)) for part in _SUN_LIGHT]), np.uint8
    )
