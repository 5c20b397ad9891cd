"""Gaussian noise of ImageNet-C: the same spread on every value."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment, Motion
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._noise import VALUES, noisy, normal_draws, truncated
from agent.values import Pixels

SIGMA: Final = (0.08, 0.12, 0.18, 0.26, 0.38)


class IcGaussianNoise(Corruption):
    """Normal noise of one spread on all values, as in ImageNet-C: a poor sensor in low light.

    Each encoded value x in [0, 1] becomes x + sigma N(0, 1), clipped to [0, 1]; sigma is .08, .12,
    .18, .26 and .38 at levels 1 to 5 (Hendrycks and Dietterich 2019). Every channel is drawn by
    itself, afresh on every frame. ``scaled`` changes nothing: no length is involved.
    """

    motion: ClassVar[Motion] = "fresh"

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        table = _table(at_level(SIGMA, severity, 0.0))
        return noisy(table, pixels, moment.generator(self.kind(), fresh=True))

    def describe(self, severity: float) -> str:
        return f"level {LEVELS * severity:.3g}: sigma {at_level(SIGMA, severity, 0.0):.3f} of white"


@kept
def _table(sigma: float) -> NDArray[np.uint8]:
    return truncated(VALUES + 255 * sigma * normal_draws())
