"""Shot noise and read noise of an image sensor at high gain."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.perturbations._tables import look_up
from agent.values import Pixels


class SensorNoise(Perturbation):
    """Shot and read noise at rising gain, by the sensor's own figures.

    A pixel of light x in [0, 1] holds S = x F / g electrons, with F the sensor's full well and g
    the gain over base sensitivity; the variance in electrons is S + r^2 (Poisson shot noise and
    read noise r; EMVA 1288), the noisy count is scaled back, clipped at black and white and
    encoded. The counts are taken as normal, which is off by the Poisson skew below some ten
    electrons. Gain rises in equal ratios from 1 to the sensor's greatest times ``digital_gain``
    (64 in all by default: a small camera at night). Drawn afresh on every frame, for each channel
    by itself; the correlation that demosaicing and denoising leave is not drawn.
    """

    digital_gain: float = Field(4.0, ge=1, le=64)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        gain = (moment.sensor.max_gain * self.digital_gain) ** severity
        table = _table(moment.sensor.full_well_e / gain, moment.sensor.read_noise_e)
        chance = moment.generator(self.kind(), fresh=True)
        words = chance.bit_generator.random_raw((pixels.size + 7) // 8)
        draws = np.asarray(words, np.dtype("<u8")).view(np.uint8)[: pixels.size]
        return look_up(table, draws.reshape(pixels.shape), pixels)

    def describe(self, severity: float) -> str:
        gain = (Moment().sensor.max_gain * self.digital_gain) ** severity
        return f"gain ×{gain:.1f} ({20 * np.log10(gain):.0f} dB)"


@lru_cache(maxsize=16)  # 64 KiB each
def _table(white_e: float, read_e: float) -> NDArray[np.uint8]:
    """Picture value by chance (256 equally likely draws) and clean value, (256, 256)."""
    electrons = LINEAR * white_e
    sigma = np.sqrt(electrons + read_e**2)
    noisy = electrons[None] + _NORMAL[:, None] * sigma[None]
    return to_levels(noisy / white_e)


def _equal_draws(count: int) -> NDArray[np.float64]:
    """The means of ``count`` equally likely slices of a normal law, scaled to variance 1."""
    normal = NormalDist()
    edges = [normal.inv_cdf(part / count) for part in range(1, count)]
    heights = np.array([0.0, *(normal.pdf(edge) for edge in edges), 0.0])
    means = (heights[:-1] - heights[1:]) * count
    return np.asarray(means / means.std())


_NORMAL = _equal_draws(256)
