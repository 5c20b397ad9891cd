"""Physical kinds as they would be reckoned in floating point, without regard to time.

Each is the operation of the kind's own docstring with the kind's own numbers and chance: in
float64, on every pixel, without tables, coarse maps or fixed point. Where a kind guesses what is in
the picture (its sky, its depth, the sign's place) the guess is the kind's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.values import Pixels
from tools.bench import _exact_colour as colour
from tools.bench import _exact_geometry as geometry
from tools.bench import _exact_sign as sign

Exact = Callable[[Pixels, float, Moment], NDArray[np.float64]]
"""Picture values 0..255, not rounded, (H, W, 3)."""

EXACT: Final[Mapping[str, Exact]] = {
    "backlight": colour.backlight,
    "banding": colour.banding,
    "cast_shadow": sign.cast_shadow,
    "colour_temperature": colour.colour_temperature,
    "defocus": geometry.defocus,
    "distortion": geometry.distortion,
    "exposure": colour.exposure,
    "fading": sign.fading,
    "fog": colour.fog,
    "hot_pixels": colour.hot_pixels,
    "ic_motion_blur": geometry.ic_motion_blur,
    "low_light": colour.low_light,
    "low_resolution": geometry.low_resolution,
    "motion_blur": geometry.motion_blur,
    "rolling_shutter": geometry.rolling_shutter,
    "vignetting": colour.vignetting,
    "white_balance": colour.white_balance,
}
