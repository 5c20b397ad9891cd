"""ImageNet-C's frost: a crop of ice on glass blended with the picture."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._frost import Ice, crop
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._weather import (
    TRUNCATE,
    Size,
    chance_of,
    drawing_size,
    fitted,
)
from agent.values import Pixels, derived_seed

_PICTURE: Final = (1.0, 0.8, 0.7, 0.65, 0.6)
_FROST: Final = (0.4, 0.6, 0.7, 0.7, 0.75)
_MARGIN: Final = 1.1  # a texture is at least so many times the picture

_FILM: Final = Ice(
    "film",
    (660, 990),
    (7.5, 4.2, 2.7, 2.8, 3.6, 4.3, 12.3),
    (81, 90, 93, 96, 99, 103, 109, 116, 128, 141, 152, 163, 169, 177, 183, 192, 219),
    (77.7, 149.1, 165.7),
    (1.36, 0.88, 0.70),
    (10.0, -3.5, -8.3),
)
_NEEDLES: Final = Ice(
    "needles",
    (346, 616),
    (8.3, 6.3, 5.4, 4.4, 3.7, 3.3, 14.7),
    (58, 105, 127, 140, 154, 165, 179, 193, 208, 220, 228, 235, 239, 244, 248, 251, 254),
    (200.8, 205.4, 214.5),
    (0.97, 1.01, 1.03),
)
_GRAINS: Final = Ice(
    "grains",
    (385, 580),
    (13.7, 9.2, 6.7, 5.0, 3.6, 3.9, 17.9),
    (27, 50, 67, 81, 93, 103, 118, 132, 150, 167, 180, 195, 209, 229, 243, 252, 255),
    (137.6, 152.8, 165.1),
    (0.99, 1.0, 1.04),
)
_FEATHERS: Final = Ice(
    "feathers",
    (544, 726),
    (16.3, 12.3, 11.2, 10.8, 9.1, 7.0, 27.6),
    (19, 32, 38, 43, 50, 58, 72, 90, 117, 148, 174, 201, 218, 236, 247, 254, 255),
    (112.4, 123.4, 134.8),
    (1.02, 1.0, 0.96),
)
_CHOICE: Final = (_FILM, _NEEDLES, _NEEDLES, _GRAINS, _FEATHERS)
"""The standard draws evenly among five photographs, of which two are the same."""


class IcFrost(Corruption):
    """Frost of ImageNet-C: a dimmed picture plus a random crop of ice on glass.

    The weights of picture and ice are (1, .4), (.8, .6), (.7, .7), (.65, .7) and (.6, .75), clipped
    at white (Hendrycks and Dietterich 2019); crops are as large a part of the ice as there. The
    ice is drawn, not photographed: four textures (a creased film, bright needles, grains, feathers)
    with the sizes, colours, octaves of contrast and quantiles of brightness of the standard's. The
    crop stays the same over a clip. Level 4 dims more than level 3 but adds no more ice, so pixels
    do not move further from level to level.
    """

    monotone: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        size = (pixels.shape[0], pixels.shape[1])
        seed = derived_seed(moment.seed, self.kind())
        ice = _ice(size, drawing_size(size, self.scaled), seed)
        kept_share, added = self._weights(severity)
        return np.asarray(cv2.addWeighted(pixels, kept_share, ice, added, TRUNCATE), np.uint8)

    def describe(self, severity: float) -> str:
        seen, added = self._weights(severity)
        level = f"level {LEVELS * severity:.1f}"
        return f"{level}: {100 * seen:.0f} % picture + {100 * added:.0f} % frost"

    def _weights(self, severity: float) -> tuple[float, float]:
        return at_level(_PICTURE, severity, 1.0), at_level(_FROST, severity, 0.0)


@kept
def _ice(size: Size, drawn: Size, seed: int) -> NDArray[np.uint8]:
    """The ice before a picture, (H, W, 3)."""
    chance = chance_of(seed)
    ice = _CHOICE[int(chance.integers(len(_CHOICE)))]
    # Ice that would not cover the picture with its margin is enlarged: a smaller crop is taken.
    larger = max(_MARGIN * drawn[side] / ice.size[side] for side in (0, 1))
    larger = larger if larger > _MARGIN else 1.0
    height, width = (max(int(side / larger), 1) for side in drawn)
    top = int(chance.integers(max(ice.size[0] - height, 1)))
    left = int(chance.integers(max(ice.size[1] - width, 1)))
    cut = crop(ice, top, left, (height, width))
    if cut.shape[:2] != drawn:
        cut = np.asarray(cv2.resize(cut, drawn[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.asarray(fitted(cut, size), np.uint8)
