"""Light and colours of a drive, and the noise that natural surfaces are made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agent.cameras._drive_by.parameters import DriveByParameters, Weather

Layer = NDArray[np.float32]
Rgb = tuple[float, float, float]

HAZE_M: Final = 420.0
"""Distance over which haze takes 63 % of the contrast: a clear day seen over flat land."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours 0..255, ``ambient`` a factor per channel; the sun's elevation in degrees.

    A surface that faces the sun has ``diffuse`` more light than the ``shade`` that all have.
    """

    zenith: Rgb
    horizon: Rgb
    cloud: Rgb
    cover: float
    ambient: Rgb
    elevation: float
    shade: float
    diffuse: float


PALETTES: Final[dict[Weather, Palette]] = {
    "sunny": Palette(
        zenith=(88, 138, 200),
        horizon=(198, 215, 230),
        cloud=(246, 247, 249),
        cover=0.45,
        ambient=(1.0, 1.0, 0.96),
        elevation=45,
        shade=0.55,
        diffuse=0.68,
    ),
    "overcast": Palette(
        zenith=(160, 167, 177),
        horizon=(206, 210, 213),
        cloud=(222, 225, 228),
        cover=0.8,
        ambient=(0.8, 0.83, 0.87),
        elevation=90,
        shade=0.85,
        diffuse=0.0,
    ),
    "low_sun": Palette(
        zenith=(96, 122, 170),
        horizon=(244, 200, 146),
        cloud=(250, 206, 168),
        cover=0.4,
        ambient=(0.92, 0.76, 0.6),
        elevation=9,
        shade=0.42,
        diffuse=0.62,
    ),
}


def towards_sun(drive: DriveByParameters) -> tuple[float, float, float]:
    """Unit vector to the sun: x right, y down, z ahead."""
    azimuth, height = radians(drive.sun), radians(PALETTES[drive.weather].elevation)
    return sin(azimuth) * cos(height), -sin(height), cos(azimuth) * cos(height)


def face_light(drive: DriveByParameters) -> float:
    """How bright the sign's face is, as a factor (Lambert's cosine over an even shade)."""
    palette, turn = PALETTES[drive.weather], radians(drive.yaw)
    normal = (sin(turn), 0.0, -cos(turn))
    facing = sum(a * b for a, b in zip(normal, towards_sun(drive), strict=True))
    return palette.shade + palette.diffuse * max(0.0, facing)


def haze(depth: Layer | float) -> Layer:
    """How much of a thing at a depth in metres is haze, in [0, 1]."""
    return np.asarray(1 - np.exp(-np.asarray(depth) / HAZE_M), np.float32)


def as_layer(values: ArrayLike) -> Layer:
    """Numbers as float32, such as a colour (3,) that is mixed into a picture."""
    return np.asarray(values, np.float32)


def natural_noise(
    chance: np.random.Generator, shape: tuple[int, int], steepness: float = 1.0
) -> Layer:
    """Noise (H, W) of mean 0 and deviation 1 that wraps around, amplitude as 1/f^steepness."""
    spectrum = np.fft.rfft2(chance.standard_normal(shape))
    across = np.fft.rfftfreq(shape[1])[None, :]
    down = np.fft.fftfreq(shape[0])[:, None]
    frequency = np.hypot(across, down)
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(spectrum / frequency**steepness, s=shape)
    return np.asarray(field / field.std(), np.float32)
