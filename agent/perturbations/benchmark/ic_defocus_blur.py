"""Defocus blur of ImageNet-C: a disc."""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._blur import EXACTLY, OMEGA, come_through, enlarged, shrunk
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

RADIUS_PX: Final = (3, 4, 6, 8, 10)
ALIAS_PX: Final = (0.1, 0.5, 0.5, 0.5, 0.5)
_LARGE_PX: Final = 8.0
_LEAST_PX: Final = 0.2


class IcDefocusBlur(Corruption):
    """Each point becomes a disc, as in ImageNet-C: a lens focused nearer or farther.

    The disc's radius is 3, 4, 6, 8 and 10 px at levels 1 to 5, its rim softened by a Gaussian of
    .1 px (level 1) or .5 px that is cut to 3 pixels, from a radius above 8 px to 5 (Hendrycks and
    Dietterich 2019), on encoded values; the picture is mirrored at its edges. From 2.5 px on, it
    is reckoned on blocks of 2 or 4 pixels, above 41 dB PSNR of the whole kernel on photographs.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        radius = self.px(at_level(RADIUS_PX, severity, 0.0), pixels.shape)
        if radius <= _LEAST_PX:
            return pixels.copy()
        alias = at_level(ALIAS_PX, severity, ALIAS_PX[0])
        factor = _blocks(radius)
        kernel = _kernel(radius, alias, factor)
        if factor == 1:
            blurred = cv2.filter2D(pixels, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
            return np.asarray(blurred, np.uint8)
        small = shrunk(pixels, factor, cv2.BORDER_REFLECT_101)
        small = cv2.filter2D(small, -1, kernel, borderType=cv2.BORDER_REFLECT)
        return enlarged(small, factor, pixels.shape)

    def describe(self, severity: float) -> str:
        radius = at_level(RADIUS_PX, severity, 0.0)
        return f"level {LEVELS * severity:.3g}: disc of {radius:.2f} px radius"


def _blocks(radius: float) -> int:
    return 1 if radius < 2.5 else 2 if radius < 5 else 4 * max(1, int(radius / 12))


@kept
def _kernel(radius: float, alias: float, factor: int) -> NDArray[np.float32]:
    disc = _disc(radius, alias)
    return _coarse(disc, factor) if factor > 1 else disc.astype(np.float32)


def _disc(radius: float, alias: float) -> NDArray[np.float64]:
    """The standard's kernel, without the empty cells around it. Above 1 in sum where the softened
    rim meets the end of the standard's grid of 17 by 17."""
    reach = max(8, ceil(radius))
    squares = np.arange(-reach, reach + 1.0) ** 2
    disc = (squares[:, None] + squares <= radius**2).astype(np.float64)
    side = 3 if radius <= _LARGE_PX else 5
    soft = np.asarray(cv2.GaussianBlur(disc / disc.sum(), (side, side), alias), np.float64)
    used = int(np.flatnonzero(soft.max(0) > 1e-9)[0])
    return soft[used : len(soft) - used, used : len(soft) - used]


def _coarse(disc: NDArray[np.float64], factor: int) -> NDArray[np.float32]:
    """The kernel for blocks that comes nearest to a disc where pictures have most: their waves
    fall in strength with their frequency."""
    half = disc.shape[0] // 2
    across = np.cos(np.outer(OMEGA, np.arange(-half, half + 1)))
    through = come_through(OMEGA, factor)
    weights = 1 / np.hypot(OMEGA[:, None], OMEGA)
    reach = ceil(half / factor)
    cells = _cells(reach)
    waves = np.cos(np.outer(OMEGA, np.arange(reach + 1) * factor))
    left = np.outer(through, through) * weights
    made = [_both(waves, *cell) * left * _count(*cell) for cell in cells]
    sums = np.array([_count(*cell) for cell in cells]) * EXACTLY
    rows = np.vstack([np.array([one.ravel() for one in made]).T, sums])
    wanted = np.append((across @ disc @ across.T * weights).ravel(), disc.sum() * EXACTLY)
    taps = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    quarter = np.zeros((reach + 1, reach + 1))
    for (i, j), tap in zip(cells, taps, strict=True):
        quarter[i, j] = quarter[j, i] = tap
    lower = np.hstack([quarter[:, :0:-1], quarter])
    return np.vstack([lower[:0:-1], lower]).astype(np.float32)


def _cells(reach: int) -> list[tuple[int, int]]:
    """The cells (i, j), j <= i, of an eighth of a round kernel."""
    pairs = [(i, j) for i in range(reach + 1) for j in range(i + 1)]
    return [(i, j) for i, j in pairs if i**2 + j**2 <= (reach + 0.5) ** 2]


def _count(i: int, j: int) -> int:
    """How many cells of the whole kernel one of its eighth stands for."""
    return (1 if i == j else 2) * (2 if i else 1) * (2 if j else 1)


def _both(waves: NDArray[np.float64], i: int, j: int) -> NDArray[np.float64]:
    """The response of a cell and its mirror image, of mean weight 1."""
    one = np.outer(waves[:, i], waves[:, j])
    return (one + one.T) / 2
