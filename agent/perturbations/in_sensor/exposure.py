"""Wrong exposure: the camera's automatic is late, as at the mouth of a tunnel."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.values import Pixels


class Exposure(Perturbation):
    """Over- or underexposure in stops: light times 2^EV, clipped at white.

    Up to ``stops`` (3: what automatic exposure is off by for about a second on leaving a tunnel or
    a garage). What is clipped in the picture that is given cannot come back when it is darkened.
    """

    seeded: ClassVar[bool] = False

    direction: Literal["over", "under"] = "over"
    stops: float = Field(3.0, gt=0, le=8)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        curve = to_levels(LINEAR * 2 ** self._value(severity))
        return np.asarray(cv2.LUT(pixels, curve), np.uint8)

    def describe(self, severity: float) -> str:
        return f"{self._value(severity):+.2f} EV"

    def _value(self, severity: float) -> float:
        return severity * self.stops * (1 if self.direction == "over" else -1)
