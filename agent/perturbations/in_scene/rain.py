"""Rain: streaks that fall through the picture in layers of depth, and a veil between."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import daylight, focal_px
from agent.values import Pixels, derived_seed

_LAYERS_M: Final = ((0.8, 1.6), (1.6, 3.2), (3.2, 6.4), (6.4, 14.0))
_SCENE_M: Final = 40.0  # the way through the rain that the veil is reckoned for
_SEEN_MM: Final = 0.9  # smaller drops leave no streak that a camera resolves
_MEAN_SPEED: Final = 7.0  # of the drops that are seen, m/s
_MOST_DROPS: Final = 4000
_LEVELS: Final = 48
_SHIFT: Final = 4


class _Layer(NamedTuple):
    """Streaks between two depths as a tile that repeats, and how it moves, in px/s."""

    tile: NDArray[np.uint8]
    down: float
    across: float


class Rain(Perturbation):
    """Falling drops as motion-blurred streaks, and the veil of those too far to be told apart.

    Rain intensity rises in equal ratios from 2 mm/h (light) to ``heaviest_mm_h`` (100: a violent
    shower, WMO > 50 mm/h). Drop sizes follow Marshall and Palmer (1948), N(D) = 8000 exp(-4.1
    R^-.21 D) per m^3 and mm, fall speeds Atlas et al. (1973), v = 9.65 - 10.3 exp(-.6 D) m/s. A
    drop at depth z leaves a streak f v t / z px long and f D / z wide for the exposure t of the
    sensor; it shows the bright sky, for as long as it takes to pass its own length. Extinction is
    1.08 R^.67 dB/km (Atlas 1953), ``veil`` times as much, for splash and spray. ``wind_m_s`` slants
    the fall. Streaks are drawn up to ``boldness`` times as bright as the law says, since a camera's
    tone curve and sharpening lift them; 1 is the bare law, and next to invisible.
    """

    heaviest_mm_h: float = Field(100.0, gt=2, le=300)
    wind_m_s: float = Field(1.5, ge=-20, le=20)
    boldness: float = Field(4.0, ge=0, le=20)
    veil: float = Field(2.0, ge=0, le=50)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        rate = self._rate(severity)
        sky = daylight(pixels)
        streaks = np.zeros(pixels.shape[:2], np.uint8)
        for number in range(len(_LAYERS_M)):
            layer = _layer(
                pixels.shape[:2],
                number,
                derived_seed(moment.seed, self.kind(), number),
                rate,
                self.wind_m_s,
                moment.sensor.exposure_s,
                self.boldness,
            )
            _overlay(streaks, layer, moment.time_s)
        veiled = np.asarray(cv2.LUT(pixels, self._veil(rate, sky)), np.uint8)
        glow = cv2.merge([streaks] * 3)
        above = cv2.subtract(np.full_like(veiled, round(min(1.12 * sky + 12, 255))), veiled)
        return np.asarray(cv2.add(veiled, cv2.multiply(above, glow, scale=1 / 255)), np.uint8)

    def describe(self, severity: float) -> str:
        return f"{self._rate(severity) if severity > 0 else 0:.3g} mm/h"

    def _rate(self, severity: float) -> float:
        return float(2 * (self.heaviest_mm_h / 2) ** severity)

    def _veil(self, rate: float, sky: float) -> NDArray[np.uint8]:
        loss_db = 1.08 * rate**0.67 * _SCENE_M / 1000 * self.veil
        clear = 10 ** (-loss_db / 10)
        light = np.interp(sky, np.arange(256), LINEAR)
        return to_levels(LINEAR * clear + light * (1 - clear))


@lru_cache(maxsize=8)  # tiles are at most 1.5 of a frame each, one byte a pixel
def _layer(
    shape: tuple[int, int],
    number: int,
    seed: int,
    rate: float,
    wind: float,
    exposure: float,
    boldness: float,
) -> _Layer:
    near, far = _LAYERS_M[number]
    focal = focal_px(shape)
    height, width = round(shape[0] * 1.5) + 16, shape[1] + 16
    tile = np.zeros((height, width), np.uint8)
    # More rain keeps the drops of less: the same rows of chance, only more of them.
    chance = np.random.Generator(np.random.SFC64(seed)).uniform(0, 1, (_MOST_DROPS, 4))
    chance = chance[: _drops(rate, near, far, focal, shape)]
    diameter = (_SEEN_MM - np.log1p(-chance[:, 0]) / (4.1 * rate**-0.21)) / 1000
    scale = focal / (near**3 + chance[:, 1] * (far**3 - near**3)) ** (1 / 3)
    speed = np.maximum(9.65 - 10.3 * np.exp(-600 * diameter), 0.5)
    travel = np.stack([np.full_like(speed, wind), speed], 1) * (exposure * scale)[:, None]
    thick = diameter * scale
    lit = np.clip(diameter / (speed * exposure) * boldness, 0, 0.85) * np.minimum(thick, 1)
    _draw(tile, chance[:, 2:] * (width, height), travel, thick, lit)
    if near < 1.5:  # out of focus: the lens is set to the road
        tile = np.asarray(cv2.GaussianBlur(tile, (0, 0), 0.9), np.uint8)
    tile.flags.writeable = False
    middle = focal / (0.5 * (near + far))
    return _Layer(tile, _MEAN_SPEED * middle, wind * middle)


def _drops(rate: float, near: float, far: float, focal: float, shape: tuple[int, int]) -> int:
    """How many visible drops there are in the tile's part of the layer's volume."""
    slope = 4.1 * rate**-0.21
    per_m3 = 8000 / slope * np.exp(-slope * _SEEN_MM)
    volume = (far**3 - near**3) / 3 * shape[0] * 1.5 * shape[1] / focal**2
    return int(min(per_m3 * volume, _MOST_DROPS))


def _draw(
    tile: NDArray[np.uint8],
    start: NDArray[np.float64],
    travel: NDArray[np.float64],
    thick: NDArray[np.float64],
    lit: NDArray[np.float64],
) -> None:
    """All streaks, those of equal thickness and brightness in one call, the brightest last."""
    upper = start - (0, tile.shape[0])  # the tile repeats: what leaves it below enters it above
    lines = np.stack([start, start + travel], 1), np.stack([upper, upper + travel], 1)
    fixed = np.round(np.concatenate(lines) * (1 << _SHIFT)).astype(np.int32)
    levels = np.ceil(np.tile(lit, 2) * _LEVELS).astype(int)
    widths = np.tile(np.clip(np.round(thick), 1, 6).astype(int), 2)
    for level in np.unique(levels):
        for width in np.unique(widths[levels == level]):
            chosen = fixed[(levels == level) & (widths == width)]
            ink = (float(level * 255 / _LEVELS),)
            cv2.polylines(tile, list(chosen), False, ink, int(width), cv2.LINE_AA, _SHIFT)


def _overlay(streaks: NDArray[np.uint8], layer: _Layer, time_s: float) -> None:
    """Add a layer's tile, moved on to a time, over the picture's streaks (H, W)."""
    tile_height, tile_width = layer.tile.shape
    top = int(-layer.down * time_s) % tile_height
    left = int(-layer.across * time_s) % tile_width
    height, width = streaks.shape
    row = 0
    while row < height:
        source = (top + row) % tile_height
        rows = min(height - row, tile_height - source)
        column = 0
        while column < width:
            begin = (left + column) % tile_width
            columns = min(width - column, tile_width - begin)
            view = streaks[row : row + rows, column : column + columns]
            part = layer.tile[source : source + rows, begin : begin + columns]
            np.maximum(view, part, out=view)
            column += columns
        row += rows
