"""Mud that splashed onto a sign, and the road's film."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from pydantic import Field

from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels

_SPLASHES: Final = 700  # drops per sign; their sizes span the two radii below
_RADII_CM: Final = (0.18, 2.4)
_POWER: Final = 1.6  # of the share of drops above a radius
_LEAST_PX: Final = 0.45  # smaller drops are below what the picture shows
_PATCHES: Final = ((14.0, 0.15), (6.0, 0.13), (3.0, 0.10), (1.5, 0.07), (0.75, 0.05))
_FINGER_CM: Final = 3.2  # width of what splashed upwards in one go
_MOTTLE: Final = ((9.0, 0.5), (3.0, 0.5), (1.2, 0.4), (0.6, 0.35))
_STREAK_CM: Final = 2.4
_MUD: Final = weather.shades(((168, 150, 124), (146, 124, 98), (116, 94, 70), (90, 70, 50)))
"""From the thin, dry rim to the thick, wet middle, as sRGB reflectance."""
_FILM: Final = np.array((140, 130, 114), np.uint8)


class Dirt(Perturbation):
    """Mud splashed up from the road and a film of road dust, both heavier at the bottom.

    Severity is the share of the face under mud, from 0 to ``most``; the film comes with it and is
    up to ``film`` opaque at the lower edge, a third of that at the upper one, washed in streaks.
    Drops' radii follow a power law from 2 mm to 2.6 cm, as splash from tyres does; mud is wet and
    dark where it is thick and dries to a pale rim. More severity adds drops and grows the patches.
    Signs close to the pavement of busy roads are the ones that stay dirty, the more in winter
    (Kenyon, Gurney and Bryden 1982, New York State). ``film`` is our estimate by eye.
    """

    most: float = Field(0.6, gt=0, le=0.95)
    film: float = Field(0.5, ge=0, le=0.9)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        amounts = (severity * self.most, severity * self.film)
        return weather.laid(pixels, moment, self.kind(), _layer, *amounts)

    def describe(self, severity: float) -> str:
        film = 100 * severity * self.film
        return f"{100 * severity * self.most:.0f} % under mud, film of up to {film:.0f} %"


@kept
def _arrival(side: int, size_cm: float, seed: int) -> weather.Field:
    """When mud reaches each point of the hull: drops and patches, the low ones first."""
    _, y = weather.positions(side)
    chance = weather.chance_of(seed, "patches")
    lumps = weather.noise(side, size_cm, _PATCHES, chance)
    fingers = 0.1 * _upright(side, size_cm, _FINGER_CM, weather.chance_of(seed, "fingers"))
    drops = _splashes(side, size_cm, weather.chance_of(seed, "drops"))
    return np.asarray(np.minimum(0.55 - 0.95 * y + lumps + fingers, drops), np.float32)


def _splashes(side: int, size_cm: float, chance: np.random.Generator) -> weather.Field:
    """Drops as ellipses along their upward flight, each with the level that it comes at."""
    uniform = chance.random((_SPLASHES, 6))
    thin, thick = _RADII_CM
    rest = 1 - (thin / thick) ** _POWER
    radii = thin * (1 - rest * uniform[:, 0]) ** (-1 / _POWER) * (side / size_cm)
    height = uniform[:, 2] ** 1.25  # dense below
    due = 0.5 * uniform[:, 3] + 0.55 * height - 0.2
    centres = np.stack([uniform[:, 1], 1 - height], 1) * side - 0.5
    axes = np.stack([radii * (1 + 0.8 * uniform[:, 4]), radii], 1)
    angles = 90 + 80 * (uniform[:, 5] - 0.5)
    field = np.full((side, side), 9.0, np.float32)
    order = np.argsort(-due)
    order = order[radii[order] >= _LEAST_PX]
    fixed = np.round(np.hstack([centres, axes])[order] * 16).astype(int).tolist()
    turns, levels = angles[order].tolist(), due[order].tolist()
    for (x, y, a, b), turn, level in zip(fixed, turns, levels, strict=True):
        cv2.ellipse(field, (x, y), (a, b), turn, 0, 360, (level,), -1, cv2.LINE_8, 4)
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
    mottle = weather.noise(side, size_cm, _MOTTLE, weather.chance_of(seed, "mottle"))
    mask = weather.below(field, level)
    inner = weather.soft(mask, 0.8 * side / size_cm) * np.float32(1 / 255)
    deep = np.clip((level - field) * np.float32(1.6), 0, 1)
    wet = 0.75 * inner - 0.45 + 0.55 * deep + 0.2 * mottle
    cover = cv2.multiply(weather.soft(mask, 0.6), weather.level_of(0.8 + 0.35 * wet), scale=1 / 255)
    mud = weather.matter(weather.coloured(weather.level_of(wet), _MUD), np.asarray(cover, np.uint8))
    dust = weather.level_of(np.float32(film) * _film(side, size_cm, seed, mottle))
    return weather.clipped(weather.over(mud, weather.matter(_FILM, dust)), shape, within)


def _film(side: int, size_cm: float, seed: int, mottle: weather.Field) -> weather.Field:
    """How opaque a full film is at each point, 0..1: heavier below, washed in upright streaks."""
    _, y = weather.positions(side)
    heavy = 0.33 + 0.67 * (y + 0.5) ** 1.4
    streaks = _upright(side, size_cm, _STREAK_CM, weather.chance_of(seed, "film"))
    return np.asarray(np.clip(heavy * (0.88 + 0.16 * streaks + 0.05 * mottle), 0, 1), np.float32)


def _upright(
    side: int, size_cm: float, width_cm: float, chance: np.random.Generator
) -> weather.Field:
    """Noise that changes quickly across and slowly downwards, (side, side)."""
    columns = min(max(round(size_cm / width_cm), 2), side)
    grid = chance.standard_normal((5, columns), np.float32)
    return np.asarray(cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
