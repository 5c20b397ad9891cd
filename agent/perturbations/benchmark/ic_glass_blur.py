"""Glass blur of ImageNet-C: pixels change places, as behind frosted glass."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._blur import gaussian_blur
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._noise import random_bytes
from agent.values import Pixels, derived_seed

SIGMA_PX: Final = (0.7, 0.9, 1.0, 1.1, 1.5)
DELTA_PX: Final = (1, 2, 2, 3, 4)
ROUNDS: Final = (2, 1, 3, 2, 2)
_LEAST_PX: Final = 0.2


class IcGlassBlur(Corruption):
    """Pixels are jumbled near their places between two blurs, as in ImageNet-C: frosted glass.

    The blurs' spread is .7, .9, 1, 1.1 and 1.5 px at levels 1 to 5; the jumble goes 2, 1, 3, 2 and
    2 times over the picture, upwards and leftwards, and takes each pixel from up to 1, 2, 2, 3 and
    4 px before it or one less after it, along both axes (Hendrycks and Dietterich 2019). The
    standard's code means to swap the two and copies one over the other; this does as the code
    does, with its displacements' law and its edge that stays. The glass stands still in a clip.
    Between levels whole pixels and rounds are rounded. Level 2 jumbles once where level 1 does
    twice, and is the milder one by a third of a dB: harm is not monotone, in the standard either.
    """

    monotone: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        sigma = self.px(at_level(SIGMA_PX, severity, 0.0), pixels.shape)
        if sigma <= _LEAST_PX:
            return pixels.copy()
        delta = round(self.px(at_level(DELTA_PX, severity, 0.0), pixels.shape))
        rounds = round(at_level(ROUNDS, severity, 0.0))
        height, width = pixels.shape[:2]
        soft = gaussian_blur(pixels, sigma)
        if delta > 0 and rounds > 0 and min(height, width) > 2 * delta + 1:
            seed = derived_seed(moment.seed, self.kind())
            shown = places(height, width, delta, rounds, seed)
            soft = np.asarray(cv2.remap(soft, shown, None, cv2.INTER_NEAREST), np.uint8)  # type: ignore[call-overload]
        return gaussian_blur(soft, sigma)

    def describe(self, severity: float) -> str:
        sigma, delta = (at_level(c, severity, 0.0) for c in (SIGMA_PX, DELTA_PX))
        return f"level {LEVELS * severity:.3g}: sigma {sigma:.2f} px, jumbled by {delta:.1f} px"


@kept
def places(height: int, width: int, delta: int, rounds: int, seed: int) -> NDArray[np.int16]:
    """Column and row (H, W, 2) of the pixel that each one shows."""
    chance = np.random.Generator(np.random.SFC64(seed))
    source = _round(chance, height, width, delta)
    for _ in range(rounds - 1):
        # A later round takes from what the earlier ones left.
        source = source.take(_round(chance, height, width, delta))
    rows, columns = np.divmod(source.reshape(height, width).astype(np.int32), width)
    return np.asarray(cv2.merge([columns.astype(np.int16), rows.astype(np.int16)]), np.int16)


def _round(chance: np.random.Generator, height: int, width: int, delta: int) -> NDArray[np.intp]:
    """Flat index (H * W,) of the pixel that each one shows after one round."""
    inner = (height - 2 * delta, width - 2 * delta)
    down, across = (_offsets(chance, inner, delta) for _ in range(2))
    step = np.zeros((height, width), np.intp)
    inside = slice(delta + 1, height - delta + 1), slice(delta + 1, width - delta + 1)
    step[inside] = down * width + across
    step = step.ravel()
    aim = np.arange(height * width) + step
    # The round runs from the last pixel to the first: what lies after a pixel shows something
    # else by then, and that is what the pixel takes.
    source, open_ends = aim.copy(), np.flatnonzero(step > 0)
    while open_ends.size:
        met = source[open_ends]
        source[open_ends] = aim[met]
        open_ends = open_ends[step[met] > 0]
    return source


def _offsets(chance: np.random.Generator, shape: tuple[int, int], delta: int) -> NDArray[np.intp]:
    """Whole numbers from -delta up to below delta, equally likely to a part in a thousand."""
    draws = random_bytes(chance, 2 * shape[0] * shape[1]).view("<u2").reshape(shape)
    return (draws.astype(np.intp) * (2 * delta) >> 16) - delta
