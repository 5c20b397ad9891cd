"""Wind-blown snow that sticks to a sign's face."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.lighting import Light, lay, measure_light
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels, derived_seed

_WINDWARD: Final = 0.9  # radians that the snow's side may lie from straight above
_LUMPS: Final = ((21.0, 0.11), (9.0, 0.075), (4.6, 0.045), (2.3, 0.014))
_RELIEF: Final = ((15.0, 2.6), (6.0, 1.3), (2.8, 0.55), (1.3, 0.22), (0.7, 0.1))
_THICK_CM: Final = 2.2
_SHADOW: Final = 0.42
_BLACK: Final = np.zeros(3, np.uint8)
_WHITES: Final = weather.shades(((255, 255, 255), (105, 125, 163)))
"""From snow that faces the light to snow that only the blue sky lights, half way down."""
_OVER_WHITE: Final = 1.15
_BRIGHTEST: Final = 238.0  # where the sign is bright already, snow keeps its relief


class SnowCover(Perturbation):
    """Wet, wind-blown snow that sticks to the sign's face from above or from the windward side.

    Severity is the covered share of the face, from 0 to ``most``. The crust grows from the side
    that the wind blows on, which chance puts within 50 degrees of straight above; its edge is
    lobed and slumps, it thins out into a dusting before it ends, and it throws a soft shadow on
    the face below it. Fresh snow reflects .8-.9 of the light, evenly over the spectrum (Wiscombe
    and Warren 1980): a little more than the sign's own white, bluish where it turns from the light.
    """

    most: float = Field(0.95, gt=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        if severity <= 0 or plane.window(pixels.shape).empty:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        within = 1.0 if moment.quad is not None else weather.WITHIN
        layer = _layer(
            plane.layer_side(), plane.size_cm, plane.shape, seed, severity * self.most, within
        )
        return lay(pixels, plane, layer, light=_on_snow(measure_light(pixels, plane)))

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the sign under snow"


def _on_snow(light: Light) -> Light:
    """The light on the sign as snow shows it: whiter than a sheet of beads or prisms, and without
    the tint that the measured white has where red paint blurs into it."""
    peak = float(light.white.max())
    white = (0.25 * light.white + np.float32(0.75 * peak)) * np.float32(
        max(min(_OVER_WHITE, _BRIGHTEST / peak), 1.0)
    )
    return replace(light, white=white)


@kept
def _arrival(side: int, size_cm: float, seed: int) -> weather.Field:
    """When the snow reaches each point of the hull: windward and low in the noise comes first."""
    chance = weather.chance_of(seed, "arrival")
    angle = float(np.clip(chance.normal(0, 0.5), -1, 1)) * _WINDWARD
    x, y = weather.positions(side)
    slope = np.float32(np.cos(angle)) * y + np.float32(np.sin(angle)) * x
    return np.asarray(0.62 * slope + weather.noise(side, size_cm, _LUMPS, chance), np.float32)


@kept
def _layer(
    side: int, size_cm: float, shape: Shape, seed: int, share: float, within: float
) -> weather.Layer:
    field = _arrival(side, size_cm, seed)
    level = weather.level_for(field, shape, share)
    px_per_cm = side / size_cm
    crust = weather.reached(field, level, max(0.25 * px_per_cm, 0.6))
    thick = np.clip((level - field) * np.float32(size_cm / 0.62 / 8), 0, 1)
    body = weather.level_of(0.72 + 0.28 * np.minimum(4 * thick, 1))
    cover = np.asarray(cv2.multiply(crust, body, scale=1 / 255), np.uint8)
    shade = weather.level_of(_shade(side, size_cm, seed, crust, thick))
    snow = weather.matter(weather.coloured(shade, _WHITES), cover)
    fall = np.array(((1, 0, 0.3 * px_per_cm), (0, 1, 0.9 * px_per_cm)))
    below = cv2.warpAffine(crust, fall, (side, side))
    dark = cv2.convertScaleAbs(weather.soft(below, max(0.7 * px_per_cm, 0.5)), alpha=_SHADOW)
    shadow = weather.matter(_BLACK, np.asarray(dark, np.uint8))
    return weather.clipped(weather.over(snow, shadow), shape, within)


def _shade(
    side: int, size_cm: float, seed: int, crust: weather.Layer, thick: weather.Field
) -> weather.Field:
    """How far the snow's surface turns from the light above, 0..1, (side, side)."""
    bumps = weather.noise(side, size_cm, _RELIEF, weather.chance_of(seed, "relief"))
    edge = weather.soft(crust, max(0.9 * side / size_cm, 0.6)).astype(np.float32) / 255
    height = _THICK_CM * (0.5 * edge + 0.5 * np.sqrt(thick)) + 0.16 * bumps
    slope = np.gradient(height, axis=0) * (side / size_cm)  # cm for cm, down the sign
    across = np.gradient(height, axis=1) * (side / size_cm)
    return np.asarray(np.clip(0.10 - 0.36 * slope + 0.18 * across, 0, 0.75), np.float32)
