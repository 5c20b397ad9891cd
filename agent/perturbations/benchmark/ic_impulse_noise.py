"""Impulse noise of ImageNet-C: salt and pepper."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment, Motion
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._noise import random_bytes
from agent.values import Pixels

AMOUNT: Final = (0.03, 0.06, 0.09, 0.17, 0.27)
_DRAWS: Final = 1 << 16


class IcImpulseNoise(Corruption):
    """Values lost to full and to zero, as in ImageNet-C: bit errors, dead and hot pixels.

    A share of all values, .03, .06, .09, .17 and .27 at levels 1 to 5 (Hendrycks and Dietterich
    2019), is replaced: half of them by 255, half by 0. Every channel is drawn by itself (coloured
    dots), afresh on every frame. ``scaled`` changes nothing: no length is involved.
    """

    motion: ClassVar[Motion] = "fresh"

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        each = round(at_level(AMOUNT, severity, 0.0) * _DRAWS / 2)
        chance = moment.generator(self.kind(), fresh=True)
        # Bytes would meet a share of .03 only by 4 %: two are drawn for each value.
        draws = random_bytes(chance, 2 * pixels.size).view("<u2").reshape(pixels.shape)
        salted = cv2.bitwise_or(pixels, _full(draws >= _DRAWS - each))
        return np.asarray(cv2.bitwise_and(salted, _full(draws >= each)), np.uint8)

    def describe(self, severity: float) -> str:
        share = 100 * at_level(AMOUNT, severity, 0.0)
        return f"level {LEVELS * severity:.3g}: {share:.2f} % of values"


def _full(chosen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """255 where chosen, else 0."""
    return np.negative(chosen.view(np.uint8))
