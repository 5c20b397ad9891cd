"""ImageNet-C's contrast: towards each channel's mean."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np

from agent.perturbations import Moment
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

_TIMES: Final = (0.4, 0.3, 0.2, 0.1, 0.05)
_TRUNCATE: Final = -0.499  # added before rounding: the standard cuts off to whole levels


class IcContrast(Corruption):
    """Contrast of ImageNet-C: each channel's distance to its own mean shrinks to a fraction.

    Fractions .4 to .05 of Hendrycks and Dietterich (2019); values are cut off to whole levels, as
    the standard stores its pictures. It has no lengths: ``scaled`` changes nothing.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        times = self._times(severity)
        planes = []
        for plane in cv2.split(pixels):
            added = (1 - times) * cv2.mean(plane)[0] + _TRUNCATE
            planes.append(cv2.convertScaleAbs(plane, alpha=times, beta=added))
        return np.asarray(cv2.merge(planes), np.uint8)

    def describe(self, severity: float) -> str:
        return f"level {LEVELS * severity:.1f}: contrast x {self._times(severity):.2f}"

    def _times(self, severity: float) -> float:
        return at_level(_TIMES, severity, 1.0)
