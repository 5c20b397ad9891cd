"""The road and what it lies in: drawn per pixel, every line and dash box-filtered exactly.

A row of the picture lies at one depth. Lines along the road are coverages that never change;
dashes, the stop line and the crossing road are coverages of rows that change as the car moves.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from agent.cameras._drive_by.palette import PALETTES, Layer, as_layer, haze, natural_noise
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras._drive_by.pinhole import Pinhole

_ASPHALT: Final = (104, 104, 107)
_GRASS: Final = (97, 116, 58)
_GRAVEL: Final = (139, 129, 112)
_WHITE: Final = (226, 226, 220)
_YELLOW: Final = (222, 178, 62)

# Metres from the camera's path; it drives in the middle of a right lane of 3.5 m.
_ROAD: Final = (-5.55, 2.05)
_SHOULDER: Final = (-6.4, 2.5)
_EDGES: Final = ((-5.22, -5.08), (1.63, 1.77))
_CENTRE: Final = (-1.84, -1.7)
_LANE: Final = (-1.66, 1.59)
_DASH_M, _PERIOD_M = 3.0, 9.0
_STOP_LINE_M: Final = (0.9, 1.4)  # behind the sign
_CROSSING_M: Final = (3.2, 10.4)

_GRAIN: Final = ((0.05, 0.05, 0.16), (0.35, 0.035, 0.13), (2.6, 0.03, 0.1), (11.0, 0.03, 0.07))
"""Octaves: wavelength in m, amplitude on asphalt, amplitude on grass."""
_TEXELS: Final = 4.0  # per wavelength
_TREE_LINE_M: Final = 250.0  # hides the ground behind it
_FLOOR_PX: Final = 1.0  # rows start so far below the horizon, where depth is still finite


class Ground:
    """Draws the rows below the horizon. All arrays are float32, colours 0..255."""

    def __init__(self, drive: DriveByParameters, chance: np.random.Generator) -> None:
        camera, palette = Pinhole.of(drive), PALETTES[drive.weather]
        below = np.arange(drive.height - drive.height // 2, dtype=np.float32) + 0.5
        self._depth = camera.focal * drive.eye / np.maximum(below, _FLOOR_PX)
        self._step = self._depth**2 / (camera.focal * drive.eye)
        across = np.arange(drive.width, dtype=np.float32) + 0.5 - camera.centre_x
        self._x = across[None, :] * self._depth[:, None] / camera.focal
        self._dx = (self._depth / camera.focal)[:, None]
        veil = haze(np.minimum(self._depth, _TREE_LINE_M))[:, None, None]
        self._light = as_layer(palette.ambient) * (1 - veil)
        self._air = as_layer(palette.horizon) * veil
        self._road = self._cover(*_ROAD)
        self._base = self._static() * self._light
        self._all = np.ones_like(self._road)
        self._dashes = self._cover(*_CENTRE)
        self._bar = self._cover(*_LANE)
        self._tiles = [natural_noise(chance, (256, 256), 0.35) for _ in _GRAIN]
        self._grain = [self._octave(number) for number in range(len(_GRAIN))]

    def draw(self, depth: float) -> Layer:
        """The ground (H/2, W, 3) with the sign at a depth in metres."""
        ground = self._base.copy()
        stop_line = self._rows(depth + _STOP_LINE_M[0], depth + _STOP_LINE_M[1])
        crossing = self._rows(depth + _CROSSING_M[0], depth + _CROSSING_M[1])
        self._coat(ground, self._dashes, self._dashed(depth), _YELLOW)
        self._coat(ground, self._bar, stop_line, _WHITE)
        self._coat(ground, self._all, crossing, _ASPHALT)
        ground *= cv2.merge([self._relief(depth)] * 3)
        ground += self._air
        return ground

    def _coat(self, ground: Layer, cover: Layer, rows: Layer, colour: tuple[int, int, int]) -> None:
        """Paint where both the columns' and the rows' coverage say so."""
        touched = np.flatnonzero(rows)
        if not len(touched):
            return
        part = slice(int(touched[0]), int(touched[-1]) + 1)
        wide = np.flatnonzero(cover[part].any(axis=0))
        if not len(wide):
            return
        across = slice(int(wide[0]), int(wide[-1]) + 1)
        region = ground[part, across]
        strength = (cover[part, across] * rows[part, None])[:, :, None]
        region += strength * (as_layer(colour) * self._light[part] - region)

    def _static(self) -> Layer:
        """Grass, shoulder, asphalt and the lines along the road."""
        ground = np.empty((*self._x.shape, 3), np.float32)
        ground[:] = _GRASS
        for colour, cover in (
            (_GRAVEL, self._cover(*_SHOULDER)),
            (_ASPHALT, self._road),
            *((_WHITE, self._cover(*edge)) for edge in _EDGES),
        ):
            ground += cover[:, :, None] * (as_layer(colour) - ground)
        wheels = sum(self._cover(at - 0.3, at + 0.3) for at in (-0.8, 0.8, -4.3, -2.7))
        return np.asarray(ground * (1 - 0.07 * np.asarray(wheels)[:, :, None]), np.float32)

    def _cover(self, left: float, right: float) -> Layer:
        """How much of each pixel's width lies between two lines along the road, (H/2, W)."""
        low = np.maximum(self._x - self._dx / 2, left)
        high = np.minimum(self._x + self._dx / 2, right)
        return np.asarray(np.clip(high - low, 0, None) / self._dx, np.float32)

    def _rows(self, near: float, far: float) -> Layer:
        """How much of each row's depth lies between two lines across the road, (H/2,)."""
        low = np.maximum(self._depth - self._step / 2, near)
        high = np.minimum(self._depth + self._step / 2, far)
        return np.asarray(np.clip((high - low) / self._step, 0, 1), np.float32)

    def _dashed(self, depth: float) -> Layer:
        """How much of each row's depth is dash, (H/2,)."""
        place = self._depth - depth
        low, high = _dash_metres(place - self._step / 2), _dash_metres(place + self._step / 2)
        return np.asarray((high - low) / self._step, np.float32)

    def _octave(self, number: int) -> tuple[Layer, Layer, Layer]:
        """Where one octave of grain is looked up, and how strong it is per pixel.

        It fades out where a pixel spans its wavelength, which stands for a mean over the pixel.
        """
        wavelength, on_road, on_grass = _GRAIN[number]
        span = np.maximum(self._step, self._dx[:, 0])
        seen = np.clip(1.5 - span / wavelength * 1.5, 0, 1)
        amplitude = (on_grass + (on_road - on_grass) * self._road) * seen[:, None]
        scale = _TEXELS / wavelength
        rows = np.repeat((self._depth * scale)[:, None], self._x.shape[1], axis=1)
        return (
            np.asarray(self._x * scale % 256, np.float32),
            np.asarray(rows, np.float32),
            np.asarray(amplitude, np.float32),
        )

    def _relief(self, depth: float) -> Layer:
        """Brightness of the grain, a factor around 1, (H/2, W)."""
        relief = np.ones(self._x.shape, np.float32)
        for tile, (across, along, amplitude), octave in zip(
            self._tiles, self._grain, _GRAIN, strict=True
        ):
            first = int(np.argmax(amplitude[:, 0] + amplitude[:, -1] > 0))
            moved = (along[first:] - as_layer(depth * _TEXELS / octave[0])) % 256
            wrap = cv2.BORDER_WRAP
            noise = cv2.remap(tile, across[first:], moved, cv2.INTER_LINEAR, borderMode=wrap)
            relief[first:] += noise * amplitude[first:]
        return relief


def _dash_metres(place: Layer) -> Layer:
    """Metres of dash between 0 and a place along the centre line."""
    whole = np.floor(place / _PERIOD_M)
    return np.asarray(whole * _DASH_M + np.minimum(place - whole * _PERIOD_M, _DASH_M), np.float32)
