"""Hot pixels: single photosites that leak charge, more of them the warmer the sensor is."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.in_sensor._readout import base_exposure_s
from agent.values import Pixels

_COOL_C: Final = 25.0
_STEPS: Final = 16  # steps of dark charge for each doubling
_RED_BLUE: Final = (0.5, 1.0, 0.5)
_GREEN: Final = ((0, 0.25, 0), (0.25, 1, 0.25), (0, 0.25, 0))


class HotPixels(Perturbation):
    """Bright coloured dots that stay in their places: photosites with a high dark current.

    Dark current doubles every ``doubling_k`` (7; 6 to 8 in silicon) and is collected during the
    exposure, so the dots grow with temperature and with the sensor's exposure time. ``share``
    percent of all photosites are faulty, as after years of radiation and heat; their dark currents
    at one temperature are spread evenly over the logarithm (a tail as 1 / current). Severity is the
    sensor's temperature from 25 C, where even the worst stays below two picture levels, to
    ``hottest_c`` (105, the grade 2 of AEC-Q100), where the worst fills up, by the root. The places
    belong to the seed, as to one camera. The mosaic is RGGB, interpolated bilinearly: that spreads
    each dot over its neighbours in one colour. Charge adds to the light. The texts are for the
    default sensor's exposure of 8 ms.
    """

    share: float = Field(2.0, gt=0, le=10, description="% of photosites")
    hottest_c: float = Field(105.0, gt=30, le=125)
    doubling_k: float = Field(7.0, ge=5, le=10)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        out = pixels.copy()
        if severity <= 0:
            return out
        seed = int(moment.generator(self.kind()).integers(2**62))
        stops = self._below_full(severity)
        stops += math.log2(moment.sensor.exposure_s / base_exposure_s())
        span = (self.hottest_c - _COOL_C) / self.doubling_k
        places, charges = _dots(
            (pixels.shape[0], pixels.shape[1]), self.share / 100, span, round(stops * _STEPS), seed
        )
        values = out.reshape(-1)
        values[places] = _ADDED.take(_index(charges, values[places]))
        return out

    def describe(self, severity: float) -> str:
        span = (self.hottest_c - _COOL_C) / self.doubling_k
        bright = min(max((math.log2(100) + self._below_full(severity)) / span, 0.0), 1.0)
        dots = f"{self.share * bright:.2g} % of photosites over a hundredth of white"
        return f"{self._celsius(severity):.1f} °C, {dots}"

    def _below_full(self, severity: float) -> float:
        """Doublings by which the worst photosite is short of full at the default exposure."""
        return (self._celsius(severity) - self.hottest_c) / self.doubling_k

    def _celsius(self, severity: float) -> float:
        # Dots appear in the upper half of the range: by the root it is reached at a quarter.
        return _COOL_C + math.sqrt(severity) * (self.hottest_c - _COOL_C)


@kept
def _dots(
    shape: tuple[int, int], share: float, span: float, steps: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Where dots are in a flat picture (H * W * 3), and the square root of their charge, 0..255.

    ``span`` doublings lie between the best and the worst faulty photosite, whose charge is
    ``steps`` sixteenths of a doubling above full.
    """
    height, width = shape
    chance = np.random.Generator(np.random.SFC64(seed))
    count = max(round(share * height * width), 1)
    rows, columns = chance.integers(height, size=count), chance.integers(width, size=count)
    charge = np.minimum(np.exp2(steps / _STEPS - span * chance.random(count)), 1)
    mosaic = np.zeros((3, height, width), np.float32)
    # Red where both are even, blue where both are odd, green elsewhere.
    mosaic[(rows % 2) + (columns % 2), rows, columns] = charge
    green = cv2.filter2D(mosaic[1], -1, np.array(_GREEN, np.float32))
    kernel = np.array(_RED_BLUE, np.float32)
    red, blue = (cv2.sepFilter2D(mosaic[i], -1, kernel, kernel) for i in (0, 2))
    light = np.minimum(cv2.merge([red, green, blue]).reshape(-1), 1)
    places = np.flatnonzero(light > _LEAST_LIGHT)
    return places, np.rint(np.sqrt(light[places]) * 255).astype(np.uint8)


def _index(charges: NDArray[np.uint8], values: NDArray[np.uint8]) -> NDArray[np.intp]:
    return charges.astype(np.intp) * 256 + values


_LEAST_LIGHT: Final = (0.5 / 255) ** 2
"""Charge that rounds to nothing, a twentieth of a level in black."""


def _sums() -> NDArray[np.uint8]:
    """Picture value by root of charge and clean value, flat (65536,)."""
    added = (np.arange(256) / 255) ** 2
    return to_levels(LINEAR[None] + added[:, None]).reshape(-1)


_ADDED: Final = _sums()
