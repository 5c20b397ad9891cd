"""The law of a photosite's count: Poisson shot noise plus normal read noise, as quantiles."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.geometry.photometry import LINEAR, to_levels, to_linear
from agent.perturbations._layers import kept

DRAWS: Final = 256
_MANY_E: Final = 60.0  # from here on the law's skew is small enough for Cornish and Fisher
_REACH: Final = 6.0
_LIGHTS: Final = 1 << 14


@kept
def noisy_levels(white_e: float, read_e: float) -> NDArray[np.uint8]:
    """Picture value by chance (256 equally likely draws) and clean value, (256, 256).

    Draw d is the quantile (d + 0.5) / 256 of the count, scaled back to light, clipped and
    encoded: exact where a level holds few electrons, by the normal law and its skew elsewhere.
    """
    electrons = LINEAR * white_e
    few = int(np.searchsorted(electrons, _MANY_E))
    table = np.empty((DRAWS, 256), np.uint8)
    if few:
        table[:, :few] = _exact(electrons[:few], white_e, max(read_e, 0.05)).T
    if few < 256:
        light = _skewed(electrons[few:], read_e) / white_e
        table[:, few:] = _LEVELS.take((np.clip(light, 0, 1) * (_LIGHTS - 1) + 0.5).astype(np.intp))
    return table


def _skewed(mean: NDArray[np.float64], read_e: float) -> NDArray[np.float64]:
    """Quantiles (256, N) of counts by Cornish and Fisher's first term; the third cumulant of a
    Poisson law is its mean."""
    deviation = np.sqrt(mean + read_e**2)
    skew = mean / (6 * deviation**2)
    return np.asarray((mean - skew) + _NORMAL[:, None] * deviation + (_NORMAL**2)[:, None] * skew)


def _exact(mean: NDArray[np.float64], white_e: float, read_e: float) -> NDArray[np.uint8]:
    """Picture values (N, 256) by draw, for counts of the given means (N,).

    The chance of a value up to v is that of a Poisson count k and a normal rest that together
    stay below the edge between v and v + 1.
    """
    counts = np.arange(math.ceil(mean[-1] + 8 * math.sqrt(mean[-1]) + 8))
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, len(counts))))])
    weights = np.exp(np.log(np.maximum(mean, 1e-12))[:, None] * counts - mean[:, None] - logs)
    rest = (_EDGES * white_e - counts[:, None]) / read_e
    place = (np.clip(rest, -_REACH, _REACH) + _REACH) * _PER_PHI + 0.5
    below = _PHI.take(place.astype(np.intp))
    chance = weights @ below
    # So many of the draws give at most v; a draw gives the number of values that it exceeds.
    within = np.clip(np.rint(chance * DRAWS), 0, DRAWS).astype(np.intp)
    rows = np.arange(len(mean))[:, None] * (DRAWS + 1)
    found = np.bincount((within + rows).ravel(), minlength=len(mean) * (DRAWS + 1))
    levels = np.cumsum(found.reshape(len(mean), DRAWS + 1)[:, :DRAWS], axis=1)
    return np.asarray(levels, np.uint8)


_NORMAL: Final = np.array([NormalDist().inv_cdf((draw + 0.5) / DRAWS) for draw in range(DRAWS)])
_PER_PHI: Final = 256
_PHI: Final = np.array(
    [
        0.5 * math.erfc(-(place / _PER_PHI - _REACH) / math.sqrt(2))
        for place in range(int(2 * _REACH * _PER_PHI) + 1)
    ]
)
_EDGES: Final = to_linear((np.arange(255) + 0.5) / 255)
_LEVELS: Final = to_levels(np.arange(_LIGHTS) / (_LIGHTS - 1))
