"""ImageNet-C's spatter: drops of water, then splashes of mud."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._weather import Size, chance_of, drawing_size, fitted
from agent.values import Pixels, derived_seed

_MEAN: Final = (0.65, 0.65, 0.65, 0.65, 0.67)
_DEVIATION: Final = (0.3, 0.3, 0.3, 0.3, 0.4)
_SIGMA: Final = (4.0, 3.0, 2.0, 1.0, 1.0)
_THRESHOLD: Final = (0.69, 0.68, 0.68, 0.65, 0.65)
_WATER: Final = (0.6, 0.6, 0.5, 0.0, 0.0)
_MUD: Final = (0.0, 0.0, 0.0, 1.0, 1.0)
_LAST_WATER: Final = 0.6  # the severity of level 3
_FIRST_MUD: Final = 0.8
_MUD_SIGMA: Final = 1.5
_MUD_LEAST: Final = 0.8
_TURQUOISE: Final = (175, 238, 238)
_BROWN: Final = (63, 42, 20)
_RELIEF: Final = np.array(((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), np.float32)

Layer = NDArray[np.uint8]


class IcSpatter(Corruption):
    """Spatter of ImageNet-C's additional corruptions: water at levels 1 to 3, mud at 4 and 5.

    Both lie where smoothed normal noise exceeds a threshold. Water adds pale turquoise, up to .6
    of it, in relief by the distance from the drops' edges; mud covers with brown where its
    softened mask is at least .8. Constants of Hendrycks and Dietterich (2019). Between levels 3
    and 4 water fades out while mud fades in: another harm, not a greater one. The drops stay where
    they are in a clip.
    """

    monotone: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        size = (pixels.shape[0], pixels.shape[1])
        drawn = drawing_size(size, self.scaled)
        result = pixels.copy()
        water = at_level(_WATER, severity, 0.0)
        if water > 0:
            light = _water(size, drawn, min(severity, _LAST_WATER), water, seed)
            result = np.asarray(cv2.add(pixels, light), np.uint8)
        mud = at_level(_MUD, severity, 0.0)
        if mud > 0:
            clear, brown = _mud(size, drawn, max(severity, _FIRST_MUD), mud, seed)
            seen = cv2.multiply(result, clear, scale=1 / 255)
            result = np.asarray(cv2.add(seen, brown), np.uint8)
        return result

    def describe(self, severity: float) -> str:
        water, mud = at_level(_WATER, severity, 0.0), at_level(_MUD, severity, 0.0)
        what = f"mud {100 * mud:.0f} % opaque" if mud > 0 else f"water {100 * water:.0f} % bright"
        return f"level {LEVELS * severity:.1f}: {what}"


def _liquid(drawn: Size, severity: float, seed: int) -> NDArray[np.float32]:
    """Smoothed noise (h, w), 0 where it stays below the threshold."""
    noise = chance_of(seed).standard_normal(drawn, np.float32)
    noise *= np.float32(at_level(_DEVIATION, severity, _DEVIATION[0]))
    noise += np.float32(at_level(_MEAN, severity, _MEAN[0]))
    smooth = _smooth(noise, at_level(_SIGMA, severity, _SIGMA[0]))
    threshold = at_level(_THRESHOLD, severity, _THRESHOLD[0])
    return np.asarray(cv2.threshold(smooth, threshold, 0, cv2.THRESH_TOZERO)[1], np.float32)


def _smooth(layer: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur out to four standard deviations; edges are continued."""
    reach = 2 * int(4 * sigma + 0.5) + 1
    blurred = cv2.GaussianBlur(layer, (reach, reach), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


@kept
def _water(size: Size, drawn: Size, severity: float, strength: float, seed: int) -> Layer:
    """Light that drops of water add, (H, W, 3)."""
    liquid = (_liquid(drawn, severity, seed) * 255).astype(np.uint8)
    outside = cv2.bitwise_not(cv2.Canny(liquid, 50, 150))
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
    near = cv2.threshold(distance, 20, 20, cv2.THRESH_TRUNC)[1]
    even = cv2.equalizeHist(cv2.blur(near, (3, 3)).astype(np.uint8))
    relief = cv2.blur(cv2.filter2D(even, cv2.CV_8U, _RELIEF), (3, 3))
    bright = cv2.multiply(liquid, relief, dtype=cv2.CV_32F)
    highest = cv2.minMaxLoc(bright)[1]
    bright = fitted(np.asarray(bright, np.float32), size)
    gain = strength / max(highest, 1e-9)
    return _tinted(bright * np.float32(gain), _TURQUOISE)


@kept
def _mud(
    size: Size, drawn: Size, severity: float, opacity: float, seed: int
) -> tuple[Layer, Layer]:
    """What of the picture mud lets through, and the brown that it adds, both (H, W, 3)."""
    wet = cv2.threshold(_liquid(drawn, severity, seed), 0, 1, cv2.THRESH_BINARY)[1]
    soft = _smooth(np.asarray(wet, np.float32), _MUD_SIGMA)
    mask = cv2.threshold(soft, _MUD_LEAST, 0, cv2.THRESH_TOZERO)[1]
    mask = fitted(np.asarray(mask, np.float32), size) * np.float32(opacity)
    return _tinted(1 - mask, (255, 255, 255)), _tinted(mask, _BROWN)


def _tinted(share: NDArray[np.float32], colour: tuple[int, int, int]) -> Layer:
    """A share (H, W) of a colour, (H, W, 3)."""
    planes = [cv2.convertScaleAbs(share, alpha=channel) for channel in colour]
    return np.asarray(cv2.merge(planes), np.uint8)
