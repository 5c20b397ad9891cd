"""Shot noise and read noise of an image sensor at high gain."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._tables import look_up
from agent.perturbations.in_sensor._noise_law import noisy_levels
from agent.values import Pixels


class SensorNoise(Perturbation):
    """Shot and read noise at rising gain, by the sensor's own figures.

    A pixel of light x in [0, 1] holds S = x F / g electrons, with F the sensor's full well and g
    the gain over base sensitivity; the variance in electrons is S + r^2 (Poisson shot noise and
    read noise r; EMVA 1288), the noisy count is scaled back, clipped at black and white and
    encoded. The law's own quantiles are drawn, so that dark parts have the skew of low counts.
    Gain rises in equal ratios from 1 to the sensor's greatest times ``digital_gain`` (64 in all for
    the default sensor, which the texts are for: a small camera at night). Drawn afresh on every
    frame, for each channel by itself; the correlation that demosaicing and denoising leave is not
    drawn.
    """

    motion: ClassVar[Motion] = "fresh"

    digital_gain: float = Field(4.0, ge=1, le=64)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        gain = (moment.sensor.max_gain * self.digital_gain) ** severity
        table = noisy_levels(moment.sensor.full_well_e / gain, moment.sensor.read_noise_e)
        chance = moment.generator(self.kind(), fresh=True)
        words = chance.bit_generator.random_raw((pixels.size + 7) // 8)
        draws = np.asarray(words, np.dtype("<u8")).view(np.uint8)[: pixels.size]
        return look_up(table, draws.reshape(pixels.shape), pixels)

    def describe(self, severity: float) -> str:
        gain = (Moment().sensor.max_gain * self.digital_gain) ** severity
        return f"gain ×{gain:.1f} ({20 * np.log10(gain):.0f} dB)"
