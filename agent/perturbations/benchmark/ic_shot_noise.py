"""Shot noise of ImageNet-C: photons counted, few at white."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment, Motion
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._noise import DRAWS, VALUES, noisy, normal_draws, truncated
from agent.values import Pixels

PHOTONS: Final = (60, 25, 12, 5, 3)
_SPREAD: Final = tuple(photons**-0.5 for photons in PHOTONS)
_LEAST_SPREAD: Final = 1e-4  # a fortieth of a picture value
_NEARLY_NORMAL: Final = 400.0
"""From so many photons at white the counts are drawn as normal: a step is below a level then."""


class IcShotNoise(Corruption):
    """The noise of counting light, as in ImageNet-C: so few photons that their number varies.

    Each encoded value x in [0, 1] becomes Poisson(x n) / n, clipped to [0, 1]; n photons make
    white: 60, 25, 12, 5 and 3 at levels 1 to 5 (Hendrycks and Dietterich 2019). Between levels the
    spread at white, n^(-1/2), is interpolated. Every channel is drawn by itself, afresh on every
    frame. ``scaled`` changes nothing: no length is involved.
    """

    motion: ClassVar[Motion] = "fresh"

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        table = _table(_photons(severity))
        return noisy(table, pixels, moment.generator(self.kind(), fresh=True))

    def describe(self, severity: float) -> str:
        if severity <= 0:
            return "level 0: no noise"
        return f"level {LEVELS * severity:.3g}: {_photons(severity):.3g} photons at white"


def _photons(severity: float) -> float:
    # A level's own count is met exactly, not by a rounding of its root.
    return round(max(at_level(_SPREAD, severity, 0.0), _LEAST_SPREAD) ** -2, 6)


@kept
def _table(photons: float) -> NDArray[np.uint8]:
    means = VALUES / 255 * photons
    if photons > _NEARLY_NORMAL:
        return truncated(255 / photons * (means + np.sqrt(means) * normal_draws()))
    return truncated(255 / photons * _counts(means))


def _counts(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """256 equally likely counts of Poisson laws of given means (R, 1): (R, 256)."""
    most = int(means.max() + 6 * means.max() ** 0.5) + 6
    factors = means / np.arange(1, most + 1)
    chances = np.exp(-means) * np.cumprod(np.hstack([np.ones_like(means), factors]), axis=1)
    # How many of the 256 draws, at the middles of equal slices of chance, are at most each count.
    draws = np.floor(np.cumsum(chances, axis=1) * DRAWS + 0.5).astype(np.intp)
    draws[:, -1] = DRAWS
    each = np.diff(draws, axis=1, prepend=0)
    counts = np.repeat(np.tile(np.arange(most + 1.0), len(means)), each.ravel())
    return counts.reshape(len(means), DRAWS)
