"""Wrong white balance: the camera takes the light for warmer or cooler than it is."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.values import Pixels

_WAVELENGTHS_NM: Final = (600.0, 540.0, 460.0)  # where red, green and blue of a sensor weigh most
_C2_NM_K: Final = 1.4388e7
_DAYLIGHT_K: Final = 6500.0
_LAMP_K: Final = 3000.0


class WhiteBalance(Perturbation):
    """Wrong colour gains: the automatic white balance errs by so many mired.

    A mired is 1e6 by the light's temperature in kelvin. In Wien's form of Planck's law a channel
    that weighs the wavelength l gets light as exp(-c2 / (l T)), c2 = 1.4388e-2 m K; so balancing
    for a wrong T multiplies it by exp(c2 d / l) for an error of d in 1 / T, whatever the light is.
    Green is kept; what the gains lift over white is clipped, as in a camera, so that white turns
    into a tint. Severity is the error in proportion, up to ``mired`` (180: about that between
    tungsten at 3000 K and daylight; 5 are just seen). ``towards`` warm is a camera set for cool
    light. Gains act on linear light.
    """

    seeded: ClassVar[bool] = False

    towards: Literal["warm", "cool"] = "cool"
    mired: float = Field(180.0, gt=0, le=300)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        light = LINEAR[:, None] * self.gains(severity)
        return np.asarray(cv2.LUT(pixels, to_levels(light)[None]), np.uint8)

    def gains(self, severity: float) -> NDArray[np.float64]:
        """What the light of red, green and blue is multiplied by, (3,)."""
        error = severity * self.mired * 1e-6 * (1 if self.towards == "cool" else -1)
        inverse = _C2_NM_K / np.array(_WAVELENGTHS_NM)
        return np.asarray(np.exp((inverse - inverse[1]) * error))

    def describe(self, severity: float) -> str:
        mired = severity * self.mired
        lit, error = (_DAYLIGHT_K, mired) if self.towards == "cool" else (_LAMP_K, -mired)
        return f"{mired:.0f} mired, {lit:.0f} K balanced as {1e6 / (1e6 / lit + error):.0f} K"
