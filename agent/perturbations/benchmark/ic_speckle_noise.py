"""Speckle noise of ImageNet-C: the spread grows with the value."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment, Motion
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._noise import VALUES, noisy, normal_draws, truncated
from agent.values import Pixels

SIGMA: Final = (0.15, 0.2, 0.35, 0.45, 0.6)


class IcSpeckleNoise(Corruption):
    """Normal noise in proportion to each value, as in ImageNet-C: a gain that flickers by pixel.

    Each encoded value x in [0, 1] becomes x (1 + sigma N(0, 1)), clipped to [0, 1], so that black
    stays black; sigma is .15, .2, .35, .45 and .6 at levels 1 to 5 (Hendrycks and Dietterich 2019;
    one of the extra corruptions, not counted in mCE). Every channel is drawn by itself, afresh on
    every frame. ``scaled`` changes nothing: no length is involved.
    """

    motion: ClassVar[Motion] = "fresh"

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        table = _table(at_level(SIGMA, severity, 0.0))
        return noisy(table, pixels, moment.generator(self.kind(), fresh=True))

    def describe(self, severity: float) -> str:
        sigma = at_level(SIGMA, severity, 0.0)
        return f"level {LEVELS * severity:.3g}: sigma {sigma:.3f} of each value"


@kept
def _table(sigma: float) -> NDArray[np.uint8]:
    return truncated(VALUES * (1 + sigma * normal_draws()))
