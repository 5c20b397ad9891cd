"""JPEG compression, as in a camera's MJPEG stream over a thin link."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.values import Pixels


class Compression(Perturbation):
    """JPEG compression: an encode and decode round trip at a falling quality.

    Quality (libjpeg's 1..100, 4:2:0 colour) falls in equal ratios from 90 to ``worst``: 8 by
    default, near the strongest level of ImageNet-C (7) and what rate control of cheap network
    cameras sinks to in a busy scene.
    """

    seeded: ClassVar[bool] = False

    worst: int = Field(8, ge=1, le=90)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        flags = [cv2.IMWRITE_JPEG_QUALITY, self._quality(severity)]
        _, code = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), flags)
        decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)

    def describe(self, severity: float) -> str:
        return f"JPEG quality {self._quality(severity)} of 100" if severity > 0 else "0 % loss"

    def _quality(self, severity: float) -> int:
        return round(float(90 * (self.worst / 90) ** severity))
