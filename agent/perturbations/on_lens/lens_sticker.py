"""Translucent stickers on the lens: a few soft, coloured dots over the whole view."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_lens._film import Bytes, coarse, enlarged, generator, over
from agent.values import Pixels, derived_seed

_SIDE: Final = 112
_FALL: Final = 3.0  # how suddenly a dot ends: exp(-(distance / radius)^(2 * 3))
_INKS: Final = np.array(
    [(225, 40, 45), (245, 205, 40), (50, 160, 70), (40, 90, 200), (235, 235, 230), (25, 25, 28)]
)  # of coloured transparent film; drawn a little off by chance


class LensSticker(Perturbation):
    """Someone has stuck dots of coloured film on the lens: soft spots that tint what lies behind.

    The form is that of Li, Schmidt and Kolter, Adversarial camera stickers (ICML 2019): a dot takes
    the part ``opacity`` * exp(-d^b) of the view and puts its colour there, with d the squared
    distance in radii; soft, because the lens cannot focus on it. Severity is the part of the view
    behind dots, from 0 to ``most`` (.2, some eight dots), which come one after another and
    stay put. Places and colours are by chance, not sought against a model as in the paper; they
    tint values, not light, as there.
    """

    most: float = Field(0.2, gt=0, le=0.6)
    opacity: float = Field(0.7, gt=0, le=1)
    radius: float = Field(0.09, ge=0.02, le=0.4, description="in parts of the shorter side")

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        seed = derived_seed(moment.seed, self.kind())
        clear, ink = _dots(grid, seed, severity * self.most, self.opacity, self.radius)
        return over(pixels, np.asarray(enlarged(clear, pixels.shape)), ink)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.1f} % of the view behind dots of film"


@kept
def _dots(
    grid: tuple[int, int], seed: int, share: float, opacity: float, size: float
) -> tuple[Bytes, Bytes]:
    """What is left of the view (h, w), and the light of the dots (h, w, 3), both 0..255."""
    height, width = grid
    short = min(grid)
    chance = generator(seed)
    clear = np.ones((height, width, 1), np.float32)
    ink = np.zeros((height, width, 3), np.float32)
    missing = share * height * width
    while missing > 0:
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        radius = size * short * chance.uniform(0.75, 1.25)
        colour = _INKS[chance.integers(len(_INKS))] + chance.normal(0, 12, 3)
        whole = np.pi * radius**2
        part = min(1.0, missing / whole)
        missing -= whole
        dot = _dot(grid, x, y, radius * np.sqrt(part)) * np.float32(opacity)
        ink = ink * (1 - dot) + dot * colour.astype(np.float32)
        clear *= 1 - dot
    left = np.asarray(cv2.convertScaleAbs(clear, alpha=255), np.uint8).reshape(grid)
    return left, np.asarray(cv2.convertScaleAbs(ink), np.uint8)


def _dot(grid: tuple[int, int], x: float, y: float, radius: float) -> NDArray[np.float32]:
    """How much of a dot lies on each place, (h, w, 1) in [0, 1]."""
    radius = max(radius, 0.05)
    down = (np.arange(grid[0], dtype=np.float32) + np.float32(0.5 - y)) / np.float32(radius)
    across = (np.arange(grid[1], dtype=np.float32) + np.float32(0.5 - x)) / np.float32(radius)
    square = down[:, None] ** 2 + across[None] ** 2
    return np.asarray(np.exp(-(np.minimum(square, 4) ** np.float32(_FALL))))[..., None]
