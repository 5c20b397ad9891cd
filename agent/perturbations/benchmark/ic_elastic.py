"""ImageNet-C's elastic transform: a smooth random displacement of the pixels."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._weather import Size, chance_of
from agent.values import Pixels, derived_seed

_ALPHA: Final = (12.5, 16.25, 21.25, 25.0, 30.0)
_SIGMA: Final = 0.01  # of each side
_LARGEST: Final = 0.005  # of the height: the unsmoothed displacement is uniform up to it
_TRUNCATE: Final = 3.0  # standard deviations to which the smoothing kernel reaches
_GRID: Final = 256  # knots a side at most; sigma is then 2.6 of them

Fields = tuple[NDArray[np.float32], NDArray[np.float32]]


class IcElastic(Corruption):
    """Elastic transform of ImageNet-C: each pixel is fetched from a smoothly displaced place.

    The table is that of the imagecorruptions package (Michaelis et al. 2019), not the original
    one for 244 px: displacements are uniform within .005 of the height, smoothed by a Gaussian of
    .01 of each side, and multiplied by 12.5, 16.25, 21.25, 25 or 30; no affine part. That is 1.0
    to 2.4 px (root mean square, each way) in a square picture of any size; with ``scaled`` it is
    so many px in 224. Harm does not grow evenly: a distortion may undo what another one did. The
    displacement stays the same over a clip.
    """

    monotone: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        height, width = pixels.shape[:2]
        alpha = self.px(at_level(_ALPHA, severity, 0.0), pixels.shape)
        seed = derived_seed(moment.seed, self.kind())
        whole, part = _places((height, width), alpha, seed)
        how, border = cv2.INTER_LINEAR, cv2.BORDER_REFLECT
        return np.asarray(cv2.remap(pixels, whole, part, how, borderMode=border), np.uint8)

    def describe(self, severity: float) -> str:
        spread = at_level(_ALPHA, severity, 0.0) * _LARGEST / (3**0.5 * 2 * np.pi**0.5 * _SIGMA)
        return f"level {LEVELS * severity:.1f}: pixels displaced by {spread:.2f} px each way"


@kept
def _places(size: Size, alpha: float, seed: int) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Where each pixel is fetched from: whole pixels (H, W, 2), and 32nds as OpenCV packs them."""
    height, width = size
    aside, down = _fields((min(height, _GRID), min(width, _GRID)), seed)
    aside, down = _grown(aside, size), _grown(down, size)
    gain = np.float32(alpha * _LARGEST * height)
    columns = aside * gain + np.arange(width, dtype=np.float32)
    rows = down * gain + np.arange(height, dtype=np.float32)[:, None]
    whole, part = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
    return np.asarray(whole, np.int16), np.asarray(part, np.uint16)


def _grown(field: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    if field.shape == size:
        return field
    to = (size[1], size[0])
    return np.asarray(cv2.resize(field, to, interpolation=cv2.INTER_CUBIC), np.float32)


@kept
def _fields(grid: Size, seed: int) -> Fields:
    """Smoothed uniform chance in [-1, 1], aside and down, each of ``grid``'s size."""
    chance = chance_of(seed)
    sigma = (_SIGMA * grid[0], _SIGMA * grid[1])
    reach = tuple(2 * int(_TRUNCATE * side + 0.5) + 1 for side in sigma)
    smooth: list[NDArray[np.float32]] = []
    for _ in range(2):
        raw = chance.random(grid, np.float32)
        raw -= np.float32(0.5)
        raw *= np.float32(2)
        blurred = cv2.GaussianBlur(
            raw, (reach[1], reach[0]), sigma[1], sigmaY=sigma[0], borderType=cv2.BORDER_REFLECT
        )
        smooth.append(np.asarray(blurred, np.float32))
    return smooth[0], smooth[1]
