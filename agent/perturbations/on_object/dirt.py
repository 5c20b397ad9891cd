"""Mud that splashed onto a sign, and the road's film."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.lighting import lay
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels, derived_seed

_SPLASHES: Final = 600  # drops per sign; their sizes span the two radii below
_RADII_CM: Final = (0.18, 2.6)
_PATCHES: Final = ((16.0, 0.11), (7.0, 0.10), (3.2, 0.07), (1.5, 0.045), (0.75, 0.03))
_MOTTLE: Final = ((9.0, 0.5), (3.0, 0.5), (1.2, 0.4), (0.6, 0.35))
_STREAK_CM: Final = 2.4
_WET: Final = np.array((100, 80, 58), np.float32)
_DRY: Final = np.array((164, 144, 116), np.float32)
_FILM: Final = np.array((140, 130, 114), np.float32)
_POWER: Final = 1.5  # of the share of drops above a radius
_LEAST_PX: Final = 0.4  # smaller drops are below what the picture shows


class Dirt(Perturbation):
    """Mud splashed up from the road and a film of road dust, both heavier at the bottom.

    Severity is the share of the face under mud, from 0 to ``most``; the film comes with it and is
    up to ``film`` opaque at the lower edge, a third of that at the upper one, washed in streaks.
    Drops' radii follow a power law from 2 mm to 2.6 cm, as splash from tyres does; mud is wet and
    dark where it is thick and dries to a pale rim. More severity adds drops and grows the patches.
    Retroreflective signs lose up to half of their light to dirt before it is washed off (FHWA,
    Maintaining Traffic Sign Retroreflectivity, 2007), which a ``film`` of .5 stands for.
    """

    most: float = Field(0.6, gt=0, le=0.95)
    film: float = Field(0.5, ge=0, le=0.9)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        if severity <= 0:
            return pixels.copy()
        layer = _layer(
            plane.layer_side(),
            plane.size_cm,
            plane.shape,
            derived_seed(moment.seed, self.kind()),
            severity * self.most,
            severity * self.film,
            1.0 if moment.quad is not None else weather.WITHIN,
        )
        return lay(pixels, plane, layer)

    def describe(self, severity: float) -> str:
        film = 100 * severity * self.film
        return f"{100 * severity * self.most:.0f} % under mud, film of up to {film:.0f} %"


@kept
def _arrival(side: int, size_cm: float, seed: int) -> weather.Field:
    """When mud reaches each point of the hull: drops and patches, the low ones first."""
    _, y = weather.positions(side)
    lumps = weather.noise(side, size_cm, _PATCHES, weather.chance_of(seed, "patches"))
    drops = _splashes(side, size_cm, weather.chance_of(seed, "drops"))
    return np.asarray(np.minimum(0.5 - 0.95 * y + lumps, drops), np.float32)


def _splashes(side: int, size_cm: float, chance: np.random.Generator) -> weather.Field:
    """Drops as ellipses along their upward flight, each with the level that it comes at."""
    uniform = chance.random((_SPLASHES, 6))
    thin, thick = _RADII_CM
    rest = 1 - (thin / thick) ** _POWER
    radii = thin * (1 - rest * uniform[:, 0]) ** (-1 / _POWER) * (side / size_cm)
    height = uniform[:, 2] ** 1.25  # dense below
    due = 0.55 * uniform[:, 3] + 0.45 * height - 0.12
    centres = np.stack([uniform[:, 1], 1 - height], 1) * side - 0.5
    axes = np.stack([radii * (1 + 0.8 * uniform[:, 4]), radii], 1)
    angles = 90 + 80 * (uniform[:, 5] - 0.5)
    field = np.full((side, side), 9.0, np.float32)
    order = np.argsort(-due)
    order = order[radii[order] >= _LEAST_PX]
    middles, reaches = (np.round(part * 16).astype(int) for part in (centres, axes))
    for index in order.tolist():
        (x, y), (a, b) = middles[index].tolist(), reaches[index].tolist()
        level = (float(due[index]),)
        cv2.ellipse(field, (x, y), (a, b), angles[index], 0, 360, level, -1, cv2.LINE_8, 4)
    return field


@kept
def _layer(
    side: int,
    size_cm: float,
    shape: Shape,
    seed: int,
    share: float,
    film: float,
    within: float,
) -> weather.Layer:
    field = _arrival(side, size_cm, seed)
    level = weather.level_for(field, shape, share)
    cover = weather.reached(field, level).astype(np.float32) / 255
    chance = weather.chance_of(seed, "mottle")
    mottle = weather.noise(side, size_cm, _MOTTLE, chance)
    core = weather.soft(weather.below(field, level), 0.7 * side / size_cm)
    wet = np.clip(1.6 * (core / 255.0) - 0.75 + 0.35 * mottle, 0, 1)[..., None]
    mud = _DRY * (1 - wet) + _WET * wet
    mud *= (1 + 0.10 * mottle)[..., None]
    thick = cover * np.clip(0.86 + 0.12 * wet[..., 0] + 0.06 * mottle, 0.6, 0.98)
    dust = film * _film(side, size_cm, seed, mottle)
    ink = mud * thick[..., None] + _FILM * (dust * (1 - thick))[..., None]
    total = thick + dust * (1 - thick)
    face = weather.face_cover(shape, side, within).astype(np.float32) / 255
    layer = np.dstack([ink, 255 * total]) * face[..., None]
    return np.asarray(np.clip(layer + 0.5, 0, 255).astype(np.uint8))


def _film(side: int, size_cm: float, seed: int, mottle: weather.Field) -> weather.Field:
    """How opaque a full film is at each point, 0..1: heavier below, washed in upright streaks."""
    _, y = weather.positions(side)
    heavy = 0.33 + 0.67 * (y + 0.5) ** 1.4
    columns = max(round(size_cm / _STREAK_CM), 2)
    grid = weather.chance_of(seed, "film").standard_normal((5, columns)).astype(np.float32)
    streaks = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(heavy * (0.88 + 0.16 * streaks + 0.05 * mottle), 0, 1), np.float32)
