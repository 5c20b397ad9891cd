"""Dust, dried splashes and mud on the lens or on the pane before it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.values import Pixels, derived_seed

_RAMP: Final = 1.6  # how softly a blotch ends, in standard deviations of the map, about
_GRID: Final = 96  # dirt is far out of focus, so its map is coarse
_MUD: Final = (0.34, 0.29, 0.23)  # colour of dry road dirt, in parts of the scene's mean light


class LensDirt(Perturbation):
    """Brown, blurred blotches that stay put, with a thin haze of scattered light between.

    Each blotch takes up to ``density`` of the light behind it and returns a little of the scene's
    mean light in its own colour. Severity is the dirty part of the picture, from 0 to ``most``
    (.5: a rear or side camera after a day on wet gravel), grown from the same blotches, so that
    more severity only adds.
    """

    most: float = Field(0.5, gt=0, le=0.9)
    density: float = Field(0.75, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        height, width = pixels.shape[:2]
        seed = derived_seed(moment.seed, self.kind())
        dirt = _blotches(seed, severity * self.most, width / height) * self.density
        veil = np.asarray(cv2.resize(dirt, (width, height), interpolation=cv2.INTER_LINEAR))
        step = max(1, min(height, width) // 64)
        mean = pixels[::step, ::step].reshape(-1, 3).mean(0)
        mud = np.empty_like(pixels)
        mud[:] = (mean * _MUD).astype(np.uint8)
        return np.asarray(cv2.blendLinear(mud, pixels, veil, 1 - veil), np.uint8)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the view behind dirt"


@lru_cache(maxsize=8)  # 60 KiB each
def _blotches(seed: int, share: float, aspect: float) -> NDArray[np.float32]:
    """How much light the dirt takes, (h, w) in [0, 1]; half taken or more on ``share`` of it."""
    size = (max(round(_GRID * np.sqrt(aspect)), 4), max(round(_GRID / np.sqrt(aspect)), 4))
    chance = np.random.Generator(np.random.SFC64(seed))
    field = np.zeros((size[1], size[0]), np.float32)
    for cells, weight in ((4, 0.7), (9, 0.7), (18, 0.6)):
        noise = chance.normal(0, weight, (cells, cells)).astype(np.float32)
        field += np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), np.float32)
    level = np.quantile(field, 1 - share)
    steep = np.clip((field - level) / _RAMP + 0.5, 0, 1)
    thin = 0.12 * share * np.clip((field - field.min()) / np.ptp(field), 0, 1)
    return np.asarray(np.maximum(steep * steep * (3 - 2 * steep), thin), np.float32)
