"""ImageNet-C's JPEG compression."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np

from agent.perturbations import Moment
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

_QUALITY: Final = (25, 18, 15, 10, 7)


class IcJpeg(Corruption):
    """JPEG compression of ImageNet-C: once encoded and decoded at quality 25, 18, 15, 10 or 7.

    Baseline JPEG with libjpeg's quantisation tables and colour at half the resolution (4:2:0),
    which is what the standard's encoder writes when told a quality only. ``scaled`` changes
    nothing: its blocks are 8 px by definition.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        flags = [
            cv2.IMWRITE_JPEG_QUALITY,
            self._quality(severity),
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        ]
        _, code = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), flags)
        decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)

    def describe(self, severity: float) -> str:
        return f"level {LEVELS * severity:.1f}: JPEG quality {self._quality(severity)}"

    def _quality(self, severity: float) -> int:
        return round(at_level(_QUALITY, severity, 100))
