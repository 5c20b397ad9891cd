"""Colour temperature: light that is warmer or cooler than the camera is balanced for."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment, Perturbation
from agent.perturbations.in_scene._illuminant import DAYLIGHT_K, adaptation
from agent.perturbations.in_scene._light import levels_of_fine
from agent.values import Pixels

_FINE: Final = np.round(LINEAR * 65535).astype(np.uint16)[None]


class ColourTemperature(Perturbation):
    """Light that is warmer (or cooler) than the camera's white balance, which stays at daylight.

    The source's correlated colour temperature goes from D65 to ``furthest_k`` in equal steps of
    its reciprocal (mired), which are about equally visible. 2500 K is a sodium lamp, tungsten or
    the last of a sunset; above 6504 K it becomes shade's and twilight's blue. Its colour lies on
    the CIE daylight locus, below 5000 K on the Planckian one (CIE 224:2017); what things look like
    in it is Bradford's adaptation turned round, in linear light at equal luminance; what exceeds a
    channel is cut off, as the sensor does.
    """

    seeded: ClassVar[bool] = False

    furthest_k: float = Field(2500.0, ge=1667, le=25_000)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        light = cv2.LUT(pixels, _FINE)
        lit = cv2.transform(light, adaptation(self._kelvin(severity)))
        return levels_of_fine(np.asarray(lit, np.uint16))

    def describe(self, severity: float) -> str:
        return f"{self._kelvin(severity):.0f} K"

    def _kelvin(self, severity: float) -> float:
        first, last = 1 / DAYLIGHT_K, 1 / self.furthest_k
        return 1 / (first + severity * (last - first))
