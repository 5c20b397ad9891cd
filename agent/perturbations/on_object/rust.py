"""Rust on a steel sign: from its edges, bolts and scratches, with streaks that run down."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import lay
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels, derived_seed

_BOLTS: Final = ((0.0, -0.34), (0.0, 0.34))  # in parts of the hull: one above, one below
_SCRATCHES: Final = 9
_RAGGED: Final = ((16.0, 2.6), (7.0, 2.2), (3.2, 1.5), (1.5, 0.9), (0.7, 0.55))
_GRAIN: Final = ((6.0, 0.5), (2.4, 0.5), (1.1, 0.45), (0.5, 0.4))
_RUN_CM: Final = 11.0  # a streak's length until it is e times fainter
_ROWS: Final = 64  # streaks change slowly downwards: this many rows draw them

_SHADES: Final = np.array(
    [(196, 132, 66), (176, 92, 34), (140, 66, 26), (98, 46, 24), (62, 34, 24)], np.float32
)
"""From the stain at the rim to the old scale in the middle, as sRGB reflectance."""
_STAIN: Final = np.array((168, 98, 44), np.float32)


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
        plane = moment.plane(pixels.shape)
        if severity <= 0:
            return pixels.copy()
        layer = _layer(
            plane.layer_side(),
            plane.size_cm,
            plane.shape,
            derived_seed(moment.seed, self.kind()),
            severity * self.most,
            self.streaks,
            1.0 if moment.quad is not None else weather.WITHIN,
        )
        return lay(pixels, plane, layer)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.1f} % of the sign's face rusted"


@kept
def _arrival(side: int, size_cm: float, shape: Shape, seed: int) -> weather.Field:
    """How far, in ragged centimetres, rust must creep to each point of the hull."""
    chance = weather.chance_of(seed, "sources")
    edge = weather.rim_distance(shape, side, size_cm)
    sound = weather.noise(side, size_cm, ((30.0, 1.0), (14.0, 1.0)), chance)
    edge = edge + np.clip(5 + 4 * sound, 0, 14)  # the rim's coating holds longer in places
    broken = np.full((side, side), 255, np.uint8)
    scale = side / size_cm
    for x, y in _BOLTS:
        place = (round((x + 0.5) * side * 16 - 8), round((y + 0.5) * side * 16 - 8))
        cv2.circle(broken, place, max(round(0.8 * scale * 16), 8), (0,), -1, cv2.LINE_8, 4)
    for line in _scratches(chance):
        points = np.round((line + 0.5) * side * 16 - 8).astype(np.int32)
        cv2.polylines(broken, [points], False, (0,), 1, cv2.LINE_8, 4)
    inner = cv2.distanceTransform(broken, cv2.DIST_L2, 5) / np.float32(scale)
    late = np.clip(weather.noise(side, size_cm, ((22.0, 5.0),), chance), -1, 9)
    ragged = weather.noise(side, size_cm, _RAGGED, weather.chance_of(seed, "ragged"))
    return np.asarray(np.minimum(edge, 1.3 * inner + late + 1) + 0.5 * ragged, np.float32)


def _scratches(chance: np.random.Generator) -> list[NDArray[np.float64]]:
    """Nearly straight scratches, (3, 2) each, in parts of the hull."""
    lines = []
    for _ in range(_SCRATCHES):
        middle = chance.uniform(-0.36, 0.36, 2)
        angle = chance.uniform(0, np.pi)
        along = np.array((np.cos(angle), np.sin(angle))) * chance.uniform(0.02, 0.13)
        lines.append(
            np.stack([middle - along, middle + chance.normal(0, 0.006, 2), middle + along])
        )
    return lines


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
    cover = weather.reached(field, level).astype(np.float32) / 255
    age = np.clip((level - field) * 0.42 + 0.9 * grain + 0.6, 0, len(_SHADES) - 1.001)
    young = age.astype(np.intp)
    part = (age - young)[..., None]
    rust = _SHADES[young] * (1 - part) + _SHADES[young + 1] * part
    solid = cover * np.clip(0.84 + 0.1 * age, 0, 1)
    stain = streaks * _runs(cover, size_cm, seed) * (1 - solid)
    ink = rust * solid[..., None] + _STAIN * stain[..., None]
    face = weather.face_cover(shape, side, within).astype(np.float32) / 255
    layer = np.dstack([ink, 255 * (solid + stain)]) * face[..., None]
    return np.asarray(np.clip(layer + 0.5, 0, 255).astype(np.uint8))


def _runs(cover: weather.Field, size_cm: float, seed: int) -> weather.Field:
    """Stain that water carried down from rust, 0..1: an exponential tail below each source."""
    side = cover.shape[0]
    rows = min(_ROWS, side)
    coarse = cv2.resize(cover, (side, rows), interpolation=cv2.INTER_AREA)
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
