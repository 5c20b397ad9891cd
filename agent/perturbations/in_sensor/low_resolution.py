"""Fewer pixels on the target, as if it were farther away."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.values import Pixels


class LowResolution(Perturbation):
    """Fewer pixels on everything, as if it were farther away.

    The picture is averaged down by a factor and brought back to its size.
    The factor rises in equal ratios from 1 to ``farthest`` (8: a sign that fills 80 px comes down
    to 10 px, at which a driver just tells its colour). A sign seen at 10 m looks as if it stood at
    ``factor`` times that; frame and box keep their size, so that only detail is lost.
    """

    seeded: ClassVar[bool] = False

    farthest: float = Field(8.0, gt=1, le=32)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        height, width = pixels.shape[:2]
        factor = self._factor(severity)
        size = (max(round(width / factor), 2), max(round(height / factor), 2))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        full = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(full, np.uint8)

    def describe(self, severity: float) -> str:
        return f"×{self._factor(severity):.2f} as far"

    def _factor(self, severity: float) -> float:
        return float(self.farthest**severity)
