"""ImageNet-C's brightness: more HSV value."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np

from agent.perturbations import Moment
from agent.perturbations.benchmark._colour import spread
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

_ADDED: Final = (0.1, 0.2, 0.3, 0.4, 0.5)


class IcBrightness(Corruption):
    """Brightness of ImageNet-C: a constant is added to the value of hue, saturation and value.

    Hue and saturation stay, so the channels of a pixel keep their ratios; value is clipped at 1.
    Constants .1 to .5 of Hendrycks and Dietterich (2019). It has no lengths: ``scaled`` changes
    nothing.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        planes = cv2.split(pixels)
        value = np.asarray(cv2.max(cv2.max(planes[0], planes[1]), planes[2]), np.uint8)
        raised = np.arange(256) + 255 * self._added(severity)
        lifted = np.asarray(cv2.LUT(value, np.minimum(raised, 255).astype(np.uint8)), np.uint8)
        # The distance to the largest channel grows as the value does; a black pixel has none.
        return spread(planes, value, value, lifted, lifted)

    def describe(self, severity: float) -> str:
        return f"level {LEVELS * severity:.1f}: +{self._added(severity):.2f} in HSV value"

    def _added(self, severity: float) -> float:
        return at_level(_ADDED, severity, 0.0)
