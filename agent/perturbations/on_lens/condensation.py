"""Condensation: the lens or the pane before it is fogged, except where it has cleared."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_lens._film import (
    Bytes,
    coarse,
    enlarged,
    generator,
    mottle,
    over,
    patches,
    shrunk,
    tripled,
)
from agent.values import Pixels, derived_seed

_SIDE: Final = 112
_BORDER: Final = 0.22  # how softly the fogged part ends, in parts of the field's whole range
_ROUGH: Final = 0.3  # of patches against the way from the edge
_THIN: Final = 0.85  # of the view is hidden where the fog has just come
_RUNS: Final = 7  # tracks that run down through dense fog
_GRAIN: Final = 0.035
_WHITE: Final = 16_383  # picture white among 16 bits of light
_BURNT: Final = (
    250  # a green value from here on counts for four times white's light: a lamp, the sun
)
_SHIFT: Final = 2
_LIGHT: Final = np.round(LINEAR * _WHITE).astype(np.uint16)
_LIGHT.flags.writeable = False
_SPARE: Final = np.where(np.arange(256) < _BURNT, 1, 4).astype(np.uint16)
_SPARE.flags.writeable = False
_VALUES: Final = to_levels(np.minimum((np.arange(2 ** (16 - _SHIFT)) << _SHIFT) / _WHITE, 1))
_VALUES.flags.writeable = False


class Condensation(Perturbation):
    """Fine drops of dew blur the view and veil it with scattered light; it clears from one edge.

    Each drop, far smaller than the lens's opening, throws its light somewhere else: the view
    behind is blurred widely, by a standard deviation of up to ``blur_percent`` of the shorter side
    (3 %: 14 px at 640 x 480), and up to ``veil`` of it gives way to the mean light of its
    surroundings. The blur is of linear light, and burnt-out lamps count fourfold. By chance warm
    air has cleared the glass from below, from above or from a side, in an uneven front. Severity
    is the fogged part of the view, from 0 to ``most`` (all); blur and veil grow with it. When a
    good part is fogged, some drops have joined and run down: narrow clear tracks. The front
    stands still. Blur and veil are estimates, not measured.
    """

    most: float = Field(1.0, gt=0, le=1)
    blur_percent: float = Field(3.0, gt=0, le=10)
    veil: float = Field(0.55, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        seed = derived_seed(moment.seed, self.kind())
        clear, weight = _fogged(grid, seed, severity * self.most)
        small = shrunk(pixels, grid)
        sigma = max(self._blur(severity) / 100 * min(grid), 0.5)
        soft = _scattered(small, sigma)
        size = (max(grid[1] // 8, 1), max(grid[0] // 8, 1))
        around = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)
        around = cv2.blur(around, (size[0] // 2 | 1, size[1] // 2 | 1))
        veil = self.veil * (0.4 + 0.6 * severity)
        wide = cv2.resize(around, grid[::-1], interpolation=cv2.INTER_LINEAR)
        dew = cv2.addWeighted(soft, 1 - veil, wide, veil, 2)
        lit = np.asarray(cv2.multiply(dew, weight, scale=1 / 255), np.uint8)
        return over(pixels, np.asarray(enlarged(clear, pixels.shape)), lit)

    def describe(self, severity: float) -> str:
        fogged, blur = 100 * severity * self.most, self._blur(severity)
        return f"{fogged:.0f} % of the view fogged, blurred by {blur:.1f} % of its shorter side"

    def _blur(self, severity: float) -> float:
        return self.blur_percent * (0.5 + 0.5 * severity)


def _scattered(small: Pixels, sigma: float) -> Pixels:
    """A reduced picture blurred in linear light, where what is burnt out has light to spare."""
    spare = np.asarray(cv2.LUT(cv2.extractChannel(small, 1), _SPARE))
    light = cv2.multiply(cv2.LUT(small, _LIGHT), tripled(spare))
    # Three means over squares: close to a Gaussian, and far cheaper.
    side = max(round((4 * sigma**2 + 1) ** 0.5), 1) | 1
    spread = light
    for _ in range(3):
        spread = cv2.blur(spread, (side, side), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(_VALUES.take(np.asarray(spread, np.uint16) >> _SHIFT), np.uint8)


@kept
def _fogged(grid: tuple[int, int], seed: int, share: float) -> tuple[Bytes, Bytes]:
    """What is left of the clear view (h, w), and the fogged one's weight (h, w, 3) with the grain
    of drops, both 0..255."""
    height, width = grid
    chance = generator(seed)
    side = int(chance.integers(4))
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None]
    way = (down + 0 * across, 1 - down + 0 * across, across + 0 * down, 1 - across + 0 * down)[side]
    field = way + np.float32(_ROUGH) * mottle(seed + 1, grid, (3, 6, 11)) * np.float32(0.5)
    middle = patches(field, share)
    border = np.float32(_BORDER * max(float(np.ptp(field)), 1e-3))
    # Wholly fogged means no border within the picture: the front has left it.
    front = middle + float(border) * (share - 0.5)
    cover = np.clip((np.float32(front) - field) / border + np.float32(0.5), 0, 1)
    cover = cover * cover * (3 - 2 * cover)
    cover *= np.float32(_THIN + (1 - _THIN) * share)
    if share > 0.4:
        cover *= 1 - _tracks(chance, grid) * np.float32(min((share - 0.4) * 1.6, 0.6))
    grain = 1 + np.float32(_GRAIN) * chance.standard_normal(grid, np.float32)
    clear = np.asarray((1 - cover) * 255 + 0.5).astype(np.uint8)
    weight = np.asarray(np.clip(cover * grain, 0, 1) * 255).astype(np.uint8)
    return clear, np.asarray(cv2.merge([weight, weight, weight]), np.uint8)


def _tracks(chance: np.random.Generator, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Where joined drops have run down, (h, w) in [0, 1]."""
    height, width = grid
    tracks = np.zeros(grid, np.uint8)
    for start, length, column in chance.uniform(0, 1, (_RUNS, 3)):
        rows = np.linspace(start, start + 0.2 + 0.7 * length, 12) * height
        sway = np.cumsum(chance.normal(0, 0.005, 12)) * width
        points = np.stack([column * width + sway, rows], 1)
        fixed = [np.round(points * 16).astype(np.int32)]
        thick = max(1, round(0.016 * min(grid) * (0.6 + length)))
        cv2.polylines(tracks, fixed, False, (255,), thick, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(tracks, (0, 0), 0.8).astype(np.float32) / 255
