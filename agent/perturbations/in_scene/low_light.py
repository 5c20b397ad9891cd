"""Dusk and night: less light on everything than the camera can make up for."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.values import Pixels

_LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


class LowLight(Perturbation):
    """Dusk and night: less light than exposure and gain can make up for.

    Illuminance falls from ``full_exposure_lux`` to ``darkest_lux`` in equal ratios.
    Down to ``full_exposure_lux`` longer exposure and gain keep a picture bright (400 lx is about
    sunset under a clear sky); below that all light is scaled by lux / full_exposure_lux, in linear
    light, and colour fades as cameras fade it at high gain, the rest leaning to the blue of the
    sky after sunset. 7.5 lx is a lit residential street (EN 13201 class P3), the harshest in
    which a sign still has to be seen without headlights on it. The noise that goes with it is
    the sensor's: add ``sensor_noise`` in the same condition. No lamp is lit: street lamps and
    windows of a day's picture are not known as such, and darken like all else; for oncoming
    traffic add ``headlight_glare``, for lamps' colour ``colour_temperature``.
    """

    seeded: ClassVar[bool] = False

    full_exposure_lux: float = Field(400.0, gt=0, le=100_000)
    darkest_lux: float = Field(7.5, gt=0, le=100_000)
    fading: float = Field(0.45, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        keep = 1 - self.fading * severity
        mix = keep * np.eye(3) + (1 - keep) * np.array([_LUMA] * 3)
        faded = cv2.transform(pixels, mix)
        light = min(self._lux(severity) / self.full_exposure_lux, 1.0)
        tint = 1 + severity * np.array((-0.12, 0.0, 0.18))
        curves = to_levels(LINEAR[:, None] * light * tint)
        return np.asarray(cv2.LUT(faded, curves[None]), np.uint8)

    def describe(self, severity: float) -> str:
        return f"{self._lux(severity):.3g} lx"

    def _lux(self, severity: float) -> float:
        ratio = min(self.darkest_lux / self.full_exposure_lux, 1.0)
        return float(self.full_exposure_lux * ratio**severity)
