"""ImageNet-C's saturate: paler, then more colourful."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np

from agent.perturbations import Moment
from agent.perturbations.benchmark._colour import spread
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

_TIMES: Final = (0.3, 0.1, 2.0, 5.0, 20.0)
_PLUS: Final = (0.0, 0.0, 0.0, 0.1, 0.2)


class IcSaturate(Corruption):
    """Saturate of ImageNet-C's additional corruptions: saturation times one constant plus another.

    Levels 1 and 2 are paler (times .3 and .1), levels 3 to 5 more colourful (times 2, 5 and 20,
    plus 0, .1 and .2), so harm does not grow evenly. A gray pixel has hue 0: where something is
    added it turns to red, as in the standard. ``scaled`` changes nothing: there are no lengths.
    """

    monotone: ClassVar[bool] = False
    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        times, plus = self._constants(severity)
        red, green, blue = cv2.split(pixels)
        value = np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
        span = np.asarray(cv2.subtract(value, cv2.min(cv2.min(red, green), blue)), np.uint8)
        tried = cv2.addWeighted(span, times, value, plus, 0)
        wanted = np.asarray(cv2.min(tried, value), np.uint8)
        if plus > 0:
            # Gray pixels are given the least step towards red, which is then spread.
            gray = cv2.threshold(span, 0, 1, cv2.THRESH_BINARY_INV)[1]
            span = np.asarray(cv2.add(span, gray), np.uint8)
            green, blue = cv2.subtract(green, gray), cv2.subtract(blue, gray)
        return spread((red, green, blue), value, span, value, wanted)

    def describe(self, severity: float) -> str:
        times, plus = self._constants(severity)
        return f"level {LEVELS * severity:.1f}: HSV saturation x {times:.2f} + {plus:.2f}"

    def _constants(self, severity: float) -> tuple[float, float]:
        return at_level(_TIMES, severity, 1.0), at_level(_PLUS, severity, 0.0)
