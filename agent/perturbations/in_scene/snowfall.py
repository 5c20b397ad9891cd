"""Snowfall: flakes of several depths, driven by the wind, and the veil of those far away."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._camera_view import daylight, focal_px
from agent.perturbations._layers import kept
from agent.perturbations._tables import look_up
from agent.perturbations.in_scene._air import air_cover, even_distance_m
from agent.perturbations.in_scene._fall import before, in_view, per_tile_m3
from agent.perturbations.in_scene._flakes import Flakes, flake_tile
from agent.perturbations.in_scene._light import covering
from agent.values import Pixels, derived_seed

_LAYERS_M: Final = ((0.25, 0.7), (0.7, 1.6), (1.6, 3.5), (3.5, 8.0), (8.0, 16.0))
_LIGHTEST_MM_H: Final = 0.2
_CROP_M: Final = 15.0  # how far away a crop's object is taken to be
_CONTRAST_THRESHOLD: Final = 3.912  # -ln 0.02, as in Koschmieder's visibility
_SEEN_MM: Final = 0.4  # of melted flakes; smaller ones are part of the veil
_DENSITY: Final = 0.17  # of a flake, g/cm^3 and mm: Holroyd (1971), density = 0.17 / diameter
_MEAN_SPEED: Final = 1.1
_MOST_FLAKES: Final = 60_000
_LOTS: Final = (8, 8, 7, 4, 2)  # how many looks the flakes of each layer have
_STEP: Final = 1.15  # tiles are drawn for rates that differ by this factor
_SWAY_M: Final = 0.06
_SWAY_HZ: Final = 0.4


class Snowfall(Perturbation):
    """Falling snow: flakes slanted by the wind, drawn out by the exposure, and a veil of far ones.

    The rate rises in equal ratios from 0.2 to ``heaviest_mm_h`` of melted water (WMO: light below
    1, heavy above 5). Melted diameters follow Sekhon and Srivastava (1970), N(D) = 2500 R^-.94
    exp(-2.29 R^-.45 D) per m^3 and mm; a flake is as wide as Holroyd's density 0.17 / D makes it,
    and falls at 0.8 D^.16 m/s (Locatelli and Hobbs 1974). Extinction is the sum of twice the
    flakes' areas; visibility is 3.912 / extinction: 780 m at 1 mm/h, 195 m at 5. A flake at depth z
    covers f D / z pixels and is drawn out by f v t / z during the sensor's exposure t; near ones
    are out of focus. Flakes take the light of the sky, in linear light: before a bright sky
    they are next to invisible. They sway a little, with ``wind_m_s`` blowing them sideways.
    """

    motion: ClassVar[Motion] = "moving"

    heaviest_mm_h: float = Field(10.0, gt=0.2, le=30)
    wind_m_s: float = Field(1.0, ge=-20, le=20)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        rate = self._rate(severity)
        sky = round(daylight(pixels))
        cover = self._cover(pixels.shape, rate, moment)
        distance = even_distance_m(pixels.shape, moment, _CROP_M)
        if distance is not None:
            veil = round(1 - float(np.exp(-_extinction(rate) * distance)), 3)
            return look_up(covering(sky, veil), cover, pixels)
        air = air_cover(pixels, moment, _extinction(rate), sky)
        return look_up(covering(sky), before(cover, air), pixels)

    def describe(self, severity: float) -> str:
        rate = self._rate(severity)
        return (
            f"{rate:.2g} mm/h of water, visibility {_CONTRAST_THRESHOLD / _extinction(rate):.0f} m"
        )

    def _rate(self, severity: float) -> float:
        return float(_LIGHTEST_MM_H * (self.heaviest_mm_h / _LIGHTEST_MM_H) ** severity)

    def _cover(self, shape: tuple[int, ...], rate: float, moment: Moment) -> NDArray[np.uint8]:
        """What the flakes cover of a picture, (H, W)."""
        focal, step = focal_px(shape), round(float(np.log(rate) / np.log(_STEP)))
        exposure, wind, time_s = moment.sensor.exposure_s, self.wind_m_s, moment.time_s

        def moved_m(number: int) -> tuple[float, float]:
            sway = _SWAY_M * float(np.sin(2 * np.pi * _SWAY_HZ * time_s + 2.4 * number))
            return wind * time_s + sway, _MEAN_SPEED * time_s

        return in_view(
            shape,
            moment,
            derived_seed(moment.seed, self.kind()),
            _LAYERS_M,
            lambda number: _tile(focal, number, step, wind, exposure),
            moved_m,
        )


def _sizes(rate: float) -> tuple[float, float]:
    """Flakes per m^3 and mm of melted diameter, at 0; and how fast that falls off, 1/mm."""
    return 2500 * rate**-0.94, 2.29 * rate**-0.45


def _extinction(rate: float) -> float:
    """Per metre: the integral of 2 x pi / 4 x width^2 x N(D), where width^2 = D^3 / 0.17."""
    at_zero, slope = _sizes(rate)
    return float(np.pi / 2 / _DENSITY * at_zero * 6 / slope**4 * 1e-6)


@kept
def _tile(focal: float, number: int, step: int, wind: float, exposure: float) -> NDArray[np.uint8]:
    """A layer's flakes. All seeds share them, each at another place."""
    near, far = _LAYERS_M[number]
    at_zero, slope = _sizes(_STEP**step)
    per_m3 = at_zero / slope * np.exp(-slope * _SEEN_MM)
    count = round(min(per_m3 * per_tile_m3(focal, number, near, far), _MOST_FLAKES))
    generator = np.random.Generator(np.random.SFC64(derived_seed("snowfall", number)))
    # More snow keeps the flakes of less: the same rows of chance, only more of them.
    chance = generator.uniform(0, 1, (count, 4))
    melted = _SEEN_MM - np.log1p(-chance[:, 0]) / slope
    width = np.minimum(np.sqrt(melted**3 / _DENSITY), 15.0)
    depth = (near**3 + chance[:, 1] * (far**3 - near**3)) ** (1 / 3)
    flakes = Flakes(width / 1000, depth, 0.8 * melted**0.16, chance[:, 2:])
    return flake_tile(flakes, wind, focal, number, exposure, _LOTS[number])
