"""Headlight glare: the lamps of oncoming traffic at dusk or night."""

from __future__ import annotations

from typing import ClassVar, Final, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._camera_view import CAMERA_HEIGHT_M, HORIZON, focal_px, is_crop
from agent.perturbations._tables import look_up
from agent.perturbations.in_scene._glare import behind_target, offsets_deg, over, veil
from agent.perturbations.in_scene._light import adding, levels
from agent.values import Pixels, derived_seed

_WEAKEST_LX: Final = 0.5
_GAUGE_M: Final = 25.0  # at which headlamps are measured (UN regulations 112 and 149)
_LAMP_HEIGHT_M: Final = 0.68
_LAMPS_APART_M: Final = 1.25
_LANE_M: Final = 3.3
_LAMP_RADIUS_M: Final = 0.08
_FIRST_M, _LAST_M = 70.0, 6.0
_FADE_M: Final = 10.0  # within which the vehicle comes out of the distance
_LIGHT: Final = (1.0, 0.97, 0.9)  # of white's: halogen and LED mixed, in a camera set to daylight
_RAY_DEG: Final = 0.2  # half widths of a streak
_LONG_DEG: Final = 5.0
_HIDDEN_DEG: Final = 5.0  # of a lamp behind the target, only light strayed this far is seen
_HIDDEN_MOST: Final = 0.3  # of white: what strays past the target's own edge at most
_RAYS: Final = (1.35, -1.75)  # radians: across the arcs that wipers leave on the glass


class _Lamp(NamedTuple):
    """A lamp in the picture, in pixels; the light that it gives at the lens, in lux."""

    x: float
    y: float
    lux: float
    radius_deg: float


class HeadlightGlare(Perturbation):
    """An oncoming vehicle's two headlamps at dusk or night: halo, streaks and a veil over all.

    Severity is the light of each lamp towards the camera, measured as the regulations do, in lux at
    25 m: in equal ratios from 0.5 (about the limit for a low beam above its cut-off) to
    ``brightest_lx`` (a high beam has 48 to 240). At a distance z the lens receives that times (25 /
    z)^2; the veil is Stiles and Holladay's (CIE 146), 10 E / angle^2 cd/m^2, added in linear light,
    where picture white stands for ``white_cd_m2`` (10: dusk, some 35 lx); besides it light runs
    along the streaks that wipers leave. The camera's metering darkens the rest by up to
    ``metering_ev``. The vehicle comes from 70 m at ``closing_m_s``, passes on the side that
    ``drive_on`` tells, and another follows; the target hides the lamps behind it. The picture
    itself is not made night: put ``low_light`` before.
    """

    motion: ClassVar[Motion] = "moving"

    brightest_lx: float = Field(48.0, gt=0.5, le=500)
    white_cd_m2: float = Field(10.0, gt=0)
    metering_ev: float = Field(1.5, ge=0, le=6)
    closing_m_s: float = Field(20.0, ge=0, le=80)
    streaks: float = Field(0.5, ge=0, le=1)
    drive_on: Literal["right", "left"] = "right"

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        gain = 2 ** (-self.metering_ev * severity)
        part_of_white = gain / self.white_cd_m2
        lamps = self._lamps(pixels.shape, severity, moment)
        left, right = (
            self._light(pixels.shape, lamp._replace(lux=lamp.lux * part_of_white)) for lamp in lamps
        )
        light = left + right
        coarse = cv2.merge([levels(light * np.float32(part)) for part in _LIGHT])
        glare = over(pixels.shape, np.asarray(coarse, np.uint8))
        strayed = sum(10 * lamp.lux * part_of_white for lamp in lamps) / _HIDDEN_DEG**2
        strayed = min(strayed, _HIDDEN_MOST)
        for lamp in lamps:
            behind_target(glare, (lamp.x, lamp.y), moment, levels(np.array(_LIGHT) * strayed))
        return look_up(adding(gain), glare, pixels)

    def describe(self, severity: float) -> str:
        return f"{self._at_25_m(severity):.3g} lx at 25 m"

    def _at_25_m(self, severity: float) -> float:
        return float(_WEAKEST_LX * (self.brightest_lx / _WEAKEST_LX) ** severity)

    def _lamps(self, shape: tuple[int, ...], severity: float, moment: Moment) -> list[_Lamp]:
        """Both lamps as they are at a moment; at first somewhere on the farther half of the way."""
        way = _FIRST_M - _LAST_M
        ahead = derived_seed(moment.seed, self.kind()) % 1000 / 1000 * 0.5 * way + 0.25 * way
        depth = _FIRST_M - (ahead + self.closing_m_s * moment.time_s) % way
        focal = focal_px(shape)
        lux = self._at_25_m(severity) * (_GAUGE_M / depth) ** 2
        lux *= min((_FIRST_M - depth) / _FADE_M, 1.0)
        radius = float(np.degrees(_LAMP_RADIUS_M / depth))
        y = HORIZON * shape[0] + focal * (CAMERA_HEIGHT_M - _LAMP_HEIGHT_M) / depth
        side = -1.0 if self.drive_on == "right" else 1.0
        x = self._beside_object(shape, moment, side, focal * _LANE_M / depth)
        apart = focal * _LAMPS_APART_M / depth
        return [_Lamp(x + half * apart, y, lux, radius) for half in (-0.5, 0.5)]

    def _beside_object(
        self, shape: tuple[int, ...], moment: Moment, side: float, away: float
    ) -> float:
        """The vehicle's middle: in its lane, which a clip's target moves past; a crop shows its
        object alone, and the vehicle is beside that."""
        x = shape[1] / 2 + side * away
        if not is_crop(shape) or moment.region is not None or moment.quad is not None:
            return x
        edge = float((side * moment.plane(shape).corners[:, 0]).max()) + 0.35 * away
        return side * max(side * x, edge)

    def _light(self, shape: tuple[int, ...], lamp: _Lamp) -> NDArray[np.float32]:
        """A lamp's halo and streaks on a coarse grid, relative to white."""
        across, down = offsets_deg(shape, lamp.x, lamp.y)
        light = veil(across, down, lamp.lux, least_deg=lamp.radius_deg)
        for turn in _RAYS if self.streaks > 0 else ():
            cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
            beside = across * (sine / np.float32(_RAY_DEG)) - down * (cosine / np.float32(_RAY_DEG))
            along = across * (cosine / np.float32(_LONG_DEG)) + down * (
                sine / np.float32(_LONG_DEG)
            )
            falloff = (1 + beside * beside) * (1 + along * along)
            light += np.float32(self.streaks * lamp.lux) / (falloff * falloff)
        return light
