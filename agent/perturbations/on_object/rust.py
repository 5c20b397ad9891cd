"""Rust on a steel sign: from its edges, bolts and scratches, with streaks that run down."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels

_BOLTS: Final = np.array([[(0.0, -0.34)] * 2, [(0.0, 0.34)] * 2])
"""One above, one below, in parts of the hull: lines without length."""
_SCRATCHES: Final = 6
_PITS: Final = 26
_RAGGED: Final = ((9.0, 1.1), (4.5, 1.2), (2.2, 1.0), (1.1, 0.75), (0.6, 0.5))
_GRAIN: Final = ((6.0, 0.5), (2.4, 0.5), (1.1, 0.45), (0.5, 0.4))
_RUN_CM: Final = 13.0  # a streak's length until it is e times fainter
_ROWS: Final = 64  # streaks change slowly downwards: this many rows draw them
_AGES: Final = weather.shades(
    ((188, 128, 70), (172, 94, 40), (140, 68, 28), (100, 48, 25), (66, 36, 25))
)
"""From the young rim to the old scale in the middle, as sRGB reflectance."""
_STAIN: Final = np.array((146, 82, 38), np.uint8)


class Rust(Perturbation):
    """Rust that eats a steel sign's paint from edges, bolts and scratches and runs down in streaks.

    Severity is the share of the face whose paint has gone to rust, from 0 to ``most``; the streaks
    below come on top and are translucent. The front creeps outwards from where the coating is
    broken (the way that ISO 4628-8 measures corrosion at a scribe) with a ragged edge; it is ochre
    where it is young and dark brown where it is old.
    """

    most: float = Field(0.45, gt=0, le=0.95)
    streaks: float = Field(0.75, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        amounts = (severity * self.most, self.streaks)
        return weather.laid(pixels, moment, self.kind(), _layer, *amounts)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.1f} % of the sign's face rusted"


@kept
def _arrival(side: int, size_cm: float, shape: Shape, seed: int) -> weather.Field:
    """How far, in ragged centimetres, rust must creep to each point of the hull."""
    chance = weather.chance_of(seed, "sources")
    edge = weather.rim_distance(shape, side, size_cm)
    sound = weather.noise(side, size_cm, ((30.0, 1.0), (12.0, 0.8)), chance)
    edge = 1.25 * edge + np.clip(2 + 5 * sound, 0, 14)  # the rim's coating holds longer in places
    near = _creep(side, size_cm, _BOLTS, 1.3)
    flaws = 2.2 * _creep(side, size_cm, _flaws(chance), 0.0) + 3
    late = np.clip(weather.noise(side, size_cm, ((18.0, 5.0),), chance), 0, 12)
    ragged = weather.noise(side, size_cm, _RAGGED, weather.chance_of(seed, "ragged"))
    inner = np.minimum(1.15 * near, flaws + late)
    return np.asarray(np.minimum(edge, inner) + ragged, np.float32)


def _creep(
    side: int, size_cm: float, lines: NDArray[np.float64], radius_cm: float
) -> weather.Field:
    """Distance in cm from lines (N, M, 2) in parts of the hull, that are so thick: (side, side)."""
    sound = np.full((side, side), 255, np.uint8)
    fixed = list(np.round((lines + 0.5) * side * 16 - 8).astype(np.int32))
    thick = max(round(2 * radius_cm * side / size_cm), 1)
    cv2.polylines(sound, fixed, False, (0,), thick, cv2.LINE_8, 4)
    return np.asarray(cv2.distanceTransform(sound, cv2.DIST_L2, 5) * np.float32(size_cm / side))


def _flaws(chance: np.random.Generator) -> NDArray[np.float64]:
    """Nearly straight scratches, and chips where stones hit: (N, 3, 2) in parts of the hull."""
    count = _SCRATCHES + _PITS
    middles = chance.uniform(-0.42, 0.42, (count, 2))
    angles = chance.uniform(0, np.pi, count)
    reach = np.concatenate([chance.uniform(0.04, 0.17, _SCRATCHES), np.full(_PITS, 0.002)])
    along = np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None]
    return np.stack([middles - along, middles + 0.1 * along[:, ::-1], middles + along], 1)


@kept
def _layer(
    side: int,
    size_cm: float,
    shape: Shape,
    seed: int,
    share: float,
    streaks: float,
    within: float,
) -> weather.Layer:
    field = _arrival(side, size_cm, shape, seed)
    level = weather.level_for(field, shape, share)
    grain = weather.noise(side, size_cm, _GRAIN, weather.chance_of(seed, "grain"))
    cover = weather.reached(field, level)
    age = weather.level_of((level - field) * np.float32(0.085) + 0.22 * grain + 0.12)
    solid = cv2.multiply(cover, cv2.convertScaleAbs(age, alpha=0.5, beta=205), scale=1 / 255)
    runs = weather.level_of(_runs(cover, size_cm, seed) * np.float32(streaks))
    rust = weather.matter(weather.coloured(age, _AGES), np.asarray(solid, np.uint8))
    return weather.clipped(weather.over(rust, weather.matter(_STAIN, runs)), shape, within)


def _runs(cover: weather.Layer, size_cm: float, seed: int) -> weather.Field:
    """Stain that water carried down from rust, 0..1: an exponential tail below each source."""
    side = cover.shape[0]
    rows = min(_ROWS, side)
    coarse = cv2.resize(cover, (side, rows), interpolation=cv2.INTER_AREA) * np.float32(1 / 255)
    columns = max(round(size_cm / 1.3), 2)
    chance = weather.chance_of(seed, "runs")
    grid = chance.standard_normal((3, min(columns, side))).astype(np.float32)
    wet = np.clip(cv2.resize(grid, (side, rows), interpolation=cv2.INTER_CUBIC) - 0.1, 0, 2)
    step_cm = size_cm / rows
    reach = max(int(3 * _RUN_CM / step_cm), 1)
    tail = np.exp(-np.arange(reach, -1, -1) * step_cm / _RUN_CM).astype(np.float32)
    source = np.minimum(coarse * wet, 1)
    ran = cv2.filter2D(
        source, -1, tail[:, None] * step_cm / 4.0, anchor=(0, reach), borderType=cv2.BORDER_CONSTANT
    )
    fine = cv2.resize(1 - np.exp(-ran), (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(fine, 0, 0.85), np.float32)
