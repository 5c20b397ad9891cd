"""Spray paint on a sign: tags, marks and scribbles."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _spray_strokes as spray
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels

_REFERENCE_CM: Final = 60.0  # on smaller signs, people write smaller
_STEP: Final = 0.025  # between a path's points, in parts of the hull, for each cm of its line
_NEVER: Final = 2.0
_DRIP_CM: Final = (3.0, 17.0)
_DRIPS: Final = 0.1  # per piece of a path
_LATE: Final = 0.04
_DENSITY: Final = ((5.0, 0.5), (2.0, 0.5))
_SPECKLE_CM: Final = 0.55
_MIST: Final = 0.34
_MIST_CM: Final = 1.7
_SOFT: Final = 0.16  # of the line: the Gaussian of its edge


class Graffiti(Perturbation):
    """Spray-painted tags and scribbles on the sign, with soft edges, drips and overspray.

    Severity is the painted share of the face, from 0 to ``most``: up to three people write one
    after another, each line growing as the can moves, so that more severity only adds. Lines are
    ``width`` times 1.5 to 3 cm wide (a standard to a fat cap held at 10-20 cm), crossings-out 4 to
    5.5; where the can lingers, paint runs down, and around each line a mist of droplets settles.
    The hand is our own. Paint on real stop signs misled a detector in the attacks of Eykholt et
    al. (RP2, 2018, "love/hate" graffiti).
    """

    most: float = Field(0.5, gt=0, le=0.6)
    width: float = Field(1.0, ge=0.3, le=3)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        amounts = (severity * self.most, self.width)
        return weather.laid(pixels, moment, self.kind(), _layer, *amounts)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.1f} % of the sign's face sprayed over"


@kept
def _arrivals(
    side: int, size_cm: float, seed: int, width: float
) -> tuple[list[weather.Field], NDArray[np.uint8], NDArray[np.float64]]:
    """When paint reaches each point of the hull, in parts of all work: one field per writer; and
    the writers' inks (N, 3) and the widths of their lines in pixels (N,)."""
    chance = weather.chance_of(seed, "writers")
    team = spray.writers(chance)
    scale = width * side / size_cm * min(1.0, size_cm / _REFERENCE_CM)
    widths = np.array([writer.width_cm for writer in team]) * scale
    thin = max(round(0.75 * scale), 1)
    fields = []
    for number, writer in enumerate(team):
        broad = max(round(float(widths[number])), 1)
        pieces, due, drips = _pieces(writer, scale / width / side, chance)
        field = np.full((side, side), _NEVER, np.float32)
        fixed = np.round((pieces + 0.5) * (side * 16) - 8).astype(int).tolist()
        levels = ((number + due) / len(team)).tolist()
        for (start, end), level, drip in zip(fixed, levels, drips.tolist(), strict=True):
            cv2.line(field, start, end, (level,), thin if drip else broad, cv2.LINE_8, 4)
        fields.append(field)
    return fields, np.array([writer.ink for writer in team], np.uint8), widths


def _pieces(
    writer: spray.Writer, cm: float, chance: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Short pieces of line (N, 2, 2), the last first, when each is sprayed, 0..1, and whether it
    is a drip: those start where the can lingered and come a little after it."""
    pieces = spray.pieces(writer.paths, _STEP * writer.width_cm)
    due = np.arange(len(pieces)) / len(pieces)
    lots = chance.random((len(pieces), 2))
    low, high = _DRIP_CM
    lengths = (low + (high - low) * lots[:, 1] ** 2) * cm
    running = np.flatnonzero(lots[:, 0] < _DRIPS)
    starts = pieces[running, 0]
    drips = np.stack([starts, starts + np.stack([0 * running, lengths[running]], 1)], 1)
    late = np.minimum(due[running] + _LATE, 1 - 1e-6)
    every = np.concatenate([due, late])
    order = np.argsort(-every, kind="stable")
    wet = np.arange(len(every)) >= len(due)
    return np.concatenate([pieces, drips])[order], every[order], wet[order]


@kept
def _layer(
    side: int,
    size_cm: float,
    shape: Shape,
    seed: int,
    share: float,
    width: float,
    within: float,
) -> weather.Layer:
    fields, inks, widths = _arrivals(side, size_cm, seed, width)
    first = fields[0]
    for field in fields[1:]:
        first = np.minimum(first, field)
    level = min(weather.level_for(first, shape, share), 1.0)
    chance = weather.chance_of(seed, "paint")
    dense = weather.noise(side, size_cm, _DENSITY, chance)
    speckle = weather.noise(side, size_cm, ((_SPECKLE_CM, 1.0),), chance)
    layer = np.zeros((side, side, 4), np.uint8)
    specks = np.clip(1 + 1.3 * speckle, 0, 2.5) * np.float32(_MIST / 255)
    density = np.clip(0.95 + 0.05 * dense, 0, 0.985) * np.float32(1 / 255)
    drift = max(_MIST_CM * side / size_cm, 0.6)
    for ink, field, broad in zip(inks, fields, widths.tolist(), strict=True):
        mask = weather.below(field, level)
        line = weather.soft(mask, max(_SOFT * broad, 0.55)) * density
        mist = weather.soft(mask, drift) * specks
        cover = weather.level_of(1 - (1 - line) * (1 - np.minimum(mist, 1)))
        layer = weather.over(weather.matter(ink, cover), layer)
    return weather.clipped(layer, shape, within)
