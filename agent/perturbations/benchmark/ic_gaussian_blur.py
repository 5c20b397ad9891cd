"""Gaussian blur of ImageNet-C."""

from __future__ import annotations

from typing import ClassVar, Final

from agent.perturbations import Moment
from agent.perturbations.benchmark._blur import gaussian_blur
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

SIGMA_PX: Final = (1, 2, 3, 4, 6)
_LEAST_PX: Final = 0.2  # less changes no 8-bit value


class IcGaussianBlur(Corruption):
    """A soft blur without direction, as in ImageNet-C: a lens a little out of focus.

    The spread is 1, 2, 3, 4 and 6 px at levels 1 to 5 (Hendrycks and Dietterich 2019; one of the
    extra corruptions, not counted in mCE), on encoded values; beyond the edges the outermost
    pixels go on.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        sigma = self.px(at_level(SIGMA_PX, severity, 0.0), pixels.shape)
        return gaussian_blur(pixels, sigma) if sigma > _LEAST_PX else pixels.copy()

    def describe(self, severity: float) -> str:
        sigma = at_level(SIGMA_PX, severity, 0.0)
        return f"level {LEVELS * severity:.3g}: sigma {sigma:.2f} px"
