"""Sky, clouds, hills and the far line of trees: so far away that they stand still."""

from __future__ import annotations

from math import radians

import cv2
import numpy as np

from agent.cameras._drive_by.palette import PALETTES, Layer, Palette, as_layer, natural_noise
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras._drive_by.pinhole import Pinhole


def draw_sky(drive: DriveByParameters, chance: np.random.Generator) -> Layer:
    """The rows above the horizon: float32 (H/2, W, 3), 0..255."""
    palette, rows = PALETTES[drive.weather], drive.height // 2
    height = np.linspace(1, 0, rows, dtype=np.float32)[:, None, None]
    horizon, zenith = as_layer(palette.horizon), as_layer(palette.zenith)
    sky = horizon + (zenith - horizon) * height**0.7
    sky = np.repeat(sky, drive.width, axis=1)
    sky = _clouds(sky, height, palette, chance)
    if drive.weather == "low_sun":
        sky += _glow(drive)[:, :, None] * as_layer((255, 190, 110))
    _hills(sky, palette, chance)
    return np.clip(sky, 0, 255)


def _clouds(sky: Layer, height: Layer, palette: Palette, chance: np.random.Generator) -> Layer:
    """A flat layer of clouds overhead: it shrinks towards the horizon as 1 / elevation."""
    columns = sky.shape[1]
    tile = natural_noise(chance, (512, 512), 1.6)
    away = 1 / (height[:, 0, 0] * 0.9 + 0.12)
    across = (np.arange(columns, dtype=np.float32) - columns / 2) / columns
    u = (across[None, :] * away[:, None] * 260).astype(np.float32)
    v = np.repeat((away * 95)[:, None], columns, axis=1).astype(np.float32)
    field = cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    inner = cv2.remap(tile, u + 5, v - 9, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    edge = 1.4 * (1 - 2 * palette.cover)
    cover = np.clip((field - edge) / 1.1, 0, 1)[:, :, None]
    cover = cover * cover * (3 - 2 * cover) * np.clip(height * 6, 0, 1) * 0.92
    lit = 1 - 0.07 * np.clip(inner, -1, 2)[:, :, None]
    return np.asarray(sky * (1 - cover) + as_layer(palette.cloud) * lit * cover, np.float32)


def _glow(drive: DriveByParameters) -> Layer:
    """Light around a low sun, (H/2, W) in [0, 1]; nothing where it is behind the camera."""
    camera, rows = Pinhole.of(drive), drive.height // 2
    azimuth = radians((drive.sun + 180) % 360 - 180)
    if abs(azimuth) > radians(80):
        return np.zeros((rows, drive.width), np.float32)
    x = camera.centre_x + camera.focal * np.tan(azimuth)
    y = camera.centre_y - camera.focal * np.tan(radians(PALETTES["low_sun"].elevation))
    across, down = np.meshgrid(np.arange(drive.width), np.arange(rows))
    apart = np.hypot(across - x, down - y) / camera.focal
    return np.asarray(0.55 * np.exp(-apart / 0.16) + np.exp(-((apart / 0.03) ** 2)), np.float32)


def _hills(sky: Layer, palette: Palette, chance: np.random.Generator) -> None:
    """Hills, then a hazy line of trees, painted into the lowest rows."""
    rows, columns = sky.shape[:2]
    for height, rough, colour, veil in (
        (0.13, 1.9, (92, 112, 118), 0.55),
        (0.065, 1.0, (62, 84, 58), 0.3),
    ):
        ridge = natural_noise(chance, (2, 2 * columns), rough)[0, :columns]
        top = rows * (1 - height * (0.62 + 0.2 * np.clip(ridge, -2, 2)))
        depth = np.clip(np.arange(rows)[:, None] + 0.5 - top[None, :], 0, 1)[:, :, None]
        mottle = 1 + 0.1 * natural_noise(chance, (rows, columns), 0.7)[:, :, None]
        tone = as_layer(colour) * as_layer(palette.ambient) * mottle
        tone = tone * (1 - veil) + as_layer(palette.horizon) * veil
        sky[:] = sky * (1 - depth) + tone * depth
