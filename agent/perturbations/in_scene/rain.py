"""Rain: streaks that fall through the picture in layers of depth, a veil, and a wet road."""

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
from agent.perturbations.in_scene._fall import Falling, before, drawn, in_view, per_tile_m3
from agent.perturbations.in_scene._light import covering
from agent.perturbations.in_scene._wet_road import wet
from agent.values import Pixels, derived_seed

_LAYERS_M: Final = ((0.6, 1.2), (1.2, 2.4), (2.4, 4.8), (4.8, 9.6))
_CROP_M: Final = 15.0  # how far away a crop's object is taken to be
_SEEN_MM: Final = 0.9  # smaller drops leave no streak that a camera resolves
_MEAN_SPEED: Final = 7.0  # of the drops that are seen, m/s
_MOST_DROPS: Final = 3000
_STEP: Final = 1.15  # tiles are drawn for rates that differ by this factor
_WETTING_MM_H: Final = 3.0


class Rain(Perturbation):
    """Falling drops as motion-blurred streaks, the veil of those far away, and a wet road.

    Rain intensity rises in equal ratios from 2 mm/h (light) to ``heaviest_mm_h`` (100: a violent
    shower, WMO > 50 mm/h). Drop sizes follow Marshall and Palmer (1948), N(D) = 8000 exp(-4.1
    R^-.21 D) per m^3 and mm, fall speeds Atlas et al. (1973), v = 9.65 - 10.3 exp(-.6 D) m/s. A
    drop at depth z leaves a streak f v t / z px long and f D / z wide for the exposure t of the
    sensor; it shows the bright sky, for as long as it takes to pass its own length, mixed in linear
    light. Extinction is 1.08 R^.67 dB/km (Atlas 1953), ``veil`` times as much, for splash and
    spray, and hides by distance as fog does. ``wind_m_s`` slants the fall. Streaks are drawn up to
    ``boldness`` times as bright as the law says, since cameras sharpen; 1 is the bare law.
    ``wet_road`` is how much of the wetness is shown that gray, dark places of the lower part take
    on: darker asphalt, and mirror images by Fresnel's law. The drops are those of a rate within
    7 %.
    """

    motion: ClassVar[Motion] = "moving"

    heaviest_mm_h: float = Field(100.0, gt=2, le=300)
    wind_m_s: float = Field(1.5, ge=-20, le=20)
    boldness: float = Field(3.0, ge=0, le=20)
    veil: float = Field(2.0, ge=0, le=50)
    wet_road: float = Field(1.0, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        rate, sky = self._rate(severity), daylight(pixels)
        wetness = self.wet_road * float(1 - np.exp(-rate / _WETTING_MM_H))
        wetted = wet(pixels, wetness, sky, moment)
        cover = self._cover(pixels.shape, rate, moment)
        distance = even_distance_m(pixels.shape, moment, _CROP_M)
        if distance is not None:
            veil = round(1 - float(np.exp(-self._extinction(rate) * distance)), 3)
            return look_up(covering(round(sky), veil), cover, wetted)
        air = air_cover(pixels, moment, self._extinction(rate), sky)
        return look_up(covering(round(sky)), before(cover, air), wetted)

    def describe(self, severity: float) -> str:
        return f"{self._rate(severity) if severity > 0 else 0:.3g} mm/h"

    def _rate(self, severity: float) -> float:
        return float(2 * (self.heaviest_mm_h / 2) ** severity)

    def _extinction(self, rate: float) -> float:
        """Per metre; Atlas gives it in dB per km."""
        return float(1.08 * rate**0.67 * self.veil * np.log(10) / 10 / 1000)

    def _cover(self, shape: tuple[int, ...], rate: float, moment: Moment) -> NDArray[np.uint8]:
        """What the streaks cover of a picture, (H, W)."""
        focal, step = focal_px(shape), round(float(np.log(rate) / np.log(_STEP)))
        exposure, wind = moment.sensor.exposure_s, self.wind_m_s
        gone = (wind * moment.time_s, _MEAN_SPEED * moment.time_s)
        return in_view(
            shape,
            moment,
            derived_seed(moment.seed, self.kind()),
            _LAYERS_M,
            lambda number: _tile(focal, number, step, wind, exposure, self.boldness),
            lambda number: gone,
        )


@kept
def _tile(
    focal: float, number: int, step: int, wind: float, exposure: float, boldness: float
) -> NDArray[np.uint8]:
    """A layer's streaks. All seeds share them, each at another place."""
    near, far = _LAYERS_M[number]
    rate = _STEP**step
    slope = 4.1 * rate**-0.21
    per_m3 = 8000 / slope * np.exp(-slope * _SEEN_MM)
    count = round(min(per_m3 * per_tile_m3(focal, number, near, far), _MOST_DROPS))
    # More rain keeps the drops of less: the same rows of chance, only more of them.
    generator = np.random.Generator(np.random.SFC64(derived_seed("rain", number)))
    chance = generator.uniform(0, 1, (_MOST_DROPS, 4))[:count]
    diameter = (_SEEN_MM - np.log1p(-chance[:, 0]) / slope) / 1000
    depth = (near**3 + chance[:, 1] * (far**3 - near**3)) ** (1 / 3)
    speed = np.maximum(9.65 - 10.3 * np.exp(-600 * diameter), 0.5)
    falling = Falling(diameter, depth, speed, wind)
    return drawn(falling, chance[:, 2:], focal, number, exposure, boldness)
