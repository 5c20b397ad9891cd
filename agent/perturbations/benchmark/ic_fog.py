"""ImageNet-C's fog: a plasma fractal laid over the picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._weather import (
    TRUNCATE,
    Size,
    chance_of,
    drawing_size,
    fitted,
    three,
)
from agent.perturbations.benchmark._weather_plasma import Heights, plasma
from agent.values import Pixels, derived_seed

_AMPLITUDE: Final = (1.5, 2.0, 2.5, 2.5, 3.0)
_DECAY: Final = (2.0, 2.0, 1.7, 1.5, 1.4)
_KNOTS: Final = 256
"""Knots a side that are drawn at most. What finer ones would add to a larger picture stays below
half a level of 255 even at the roughest decay: 1.4 to the power of -16."""


class IcFog(Corruption):
    """Fog of ImageNet-C: a random fractal of gray is added, then the sum is dimmed into range.

    The fractal (diamond-square, from 0 to 1 over its own square) is added ``amplitude`` times, and
    the sum is multiplied by m / (m + amplitude), m being the picture's brightest value. Amplitudes
    1.5 to 3; the roughness falls by 2 to 1.4 from each scale to the next finer one (Hendrycks and
    Dietterich 2019). No depth and no linear light: a benchmark's fog, not the road's. The fog
    stands still in a clip.
    """

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        amplitude = at_level(_AMPLITUDE, severity, 0.0)
        if amplitude <= 0:  # also at severities too small to tell
            return pixels.copy()
        decay = at_level(_DECAY, severity, _DECAY[0])
        height, width = pixels.shape[:2]
        seed = derived_seed(moment.seed, self.kind())
        layer = _layer((height, width), drawing_size(pixels.shape, self.scaled), decay, seed)
        brightest = cv2.minMaxLoc(pixels.reshape(height, width * 3))[1] / 255
        dimmed = brightest / (brightest + amplitude)
        share = dimmed * amplitude
        return np.asarray(cv2.addWeighted(pixels, dimmed, layer, share, TRUNCATE), np.uint8)

    def describe(self, severity: float) -> str:
        amplitude = at_level(_AMPLITUDE, severity, 0.0)
        return f"level {LEVELS * severity:.1f}: fog of {amplitude:.2f} times white added"


@kept
def _layer(size: Size, drawn: Size, decay: float, seed: int) -> NDArray[np.uint8]:
    """The fractal's corner that covers a picture, (H, W, 3), 255 for its highest point."""
    side = 1 << (max(drawn) - 1).bit_length()
    heights = plasma(min(side, _KNOTS), decay, chance_of(seed))
    low, high, _, _ = cv2.minMaxLoc(heights)
    gain = np.float32(255 / max(high - low, 1e-9))
    corner = _corner((heights - np.float32(low)) * gain, side, drawn)
    return three(fitted(np.asarray(cv2.convertScaleAbs(corner), np.uint8), size))


def _corner(heights: Heights, side: int, drawn: Size) -> Heights:
    """The first ``drawn`` heights of ``side`` each way, between the knots by straight lines."""
    count = len(heights)
    if count == side:
        return np.ascontiguousarray(heights[: drawn[0], : drawn[1]])
    around = cv2.copyMakeBorder(heights, 0, 1, 0, 1, cv2.BORDER_WRAP)
    inverse = np.array(((count / side, 0, 0), (0, count / side, 0)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(around, inverse, drawn[::-1], flags=flags), np.float32)
