"""What grows on a sign's face with the years and the weather: noise in centimetres, shares, light.

Layers lie on the sign's hull, (side, side), x right, y down. A field says when each point is
reached: the lower, the sooner. Severity raises a threshold in the same field, so that more of it
only adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.lighting import lay
from agent.geometry.shapes import Shape, outline
from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.values import Pixels, derived_seed

Field = NDArray[np.float32]
Layer = NDArray[np.uint8]

WITHIN: Final = 0.965
"""Part of the outline that is painted where only the box is known: its rim may be sky."""

_SAMPLES: Final = 64  # a field's quantiles are taken on a grid of at most this side
_FINE: Final = 4


def laid(
    pixels: Pixels, moment: Moment, kind: str, draw: Callable[..., Layer], *amounts: float
) -> Pixels:
    """A copy of the picture with what ``draw`` draws on its sign, lit as that is.

    ``draw`` is given the layer's side in pixels, the sign's size in cm and shape, a seed, the
    ``amounts``, and the part of the face to keep within: less where only a box is known.
    """
    plane = moment.plane(pixels.shape)
    seed = derived_seed(moment.seed, kind)
    within = 1.0 if moment.quad is not None else WITHIN
    layer = draw(plane.layer_side(), plane.size_cm, plane.shape, seed, *amounts, within)
    return lay(pixels, plane, layer)


def chance_of(*keys: int | str) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(derived_seed(*keys)))


def noise(
    side: int, span_cm: float, octaves: Sequence[tuple[float, float]], chance: np.random.Generator
) -> Field:
    """Smooth noise of mean 0 over a square of ``span_cm``: (side, side).

    ``octaves`` are (cell in cm, weight), from coarse to fine: what is finer than a pixel is left
    out, so that the same chance gives the same pattern at every size.
    """
    total = np.zeros((side, side), np.float32)
    for cell_cm, weight in octaves:
        cells = max(round(span_cm / cell_cm), 2)
        if cells > side:
            break
        grid = chance.standard_normal((cells, cells), np.float32) * np.float32(weight)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return total


def positions(side: int, span: float = 1.0) -> tuple[Field, Field]:
    """x (1, side) and y (side, 1) of a layer's pixel centres about the middle."""
    line = (((np.arange(side) + 0.5) / side - 0.5) * span).astype(np.float32)
    return line[None, :], line[:, None]


@kept
def face_cover(shape: Shape, side: int, scale: float = 1.0) -> Layer:
    """Coverage of a sign's face on its hull, 0..255, (side, side)."""
    fine = np.zeros((side * _FINE, side * _FINE), np.uint8)
    corners = (outline(shape) * scale + 0.5) * (side * _FINE) - 0.5
    cv2.fillPoly(fine, [np.round(corners * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
    return np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def rim_distance(shape: Shape, side: int, span: float) -> Field:
    """How far each point lies within the face's edge, in units of ``span``: (side, side)."""
    inside = cv2.copyMakeBorder(face_cover(shape, side), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    _, solid = cv2.threshold(inside, 127, 255, cv2.THRESH_BINARY)
    away = cv2.distanceTransform(solid, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(away * np.float32(span / side), np.float32)


def level_for(field: Field, shape: Shape, share: float) -> float:
    """The threshold below which a field lies on a share of the face."""
    side = field.shape[0]
    step = max(side // _SAMPLES, 1)
    middle = step // 2
    on_face = face_cover(shape, side)[middle::step, middle::step] > 127
    samples = field[middle::step, middle::step][on_face]
    place = int(np.clip(round(share * len(samples)), 0, len(samples) - 1))
    if share >= 1:
        return float(field.max()) + 1
    return float(np.partition(samples, place)[place])


def below(field: Field, level: float) -> Layer:
    """255 where a field lies below a level."""
    return np.multiply(field < level, 255, dtype=np.uint8)


def reached(field: Field, level: float, soft_px: float = 0.6) -> Layer:
    """Where a field lies below a level, 0..255, its edge softened by a Gaussian."""
    return soft(below(field, level), soft_px)


def soft(mask: NDArray[Any], sigma_px: float) -> Layer:
    if sigma_px < 0.3:
        return np.asarray(mask, np.uint8)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma_px), np.uint8)


def level_of(values: NDArray[Any]) -> Layer:
    """Values in [0, 1] as 0..255, clipped."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0), alpha=255), np.uint8)


def matter(colour: NDArray[np.uint8], cover: Layer) -> Layer:
    """Colour (s, s, 3) or (3,), as sRGB reflectance, and its cover (s, s): premultiplied RGBA."""
    red, green, blue = cv2.split(colour) if colour.ndim == 3 else colour.tolist()
    parts = [cv2.multiply(one, cover, scale=1 / 255) for one in (red, green, blue)]
    return np.asarray(cv2.merge((*parts, cover)), np.uint8)


def over(above: Layer, below_it: Layer) -> Layer:
    """Two premultiplied layers as one."""
    alpha = cv2.bitwise_not(cv2.extractChannel(above, 3))
    rest = cv2.multiply(below_it, cv2.merge((alpha, alpha, alpha, alpha)), scale=1 / 255)
    return np.asarray(cv2.add(above, rest), np.uint8)


def clipped(layer: Layer, shape: Shape, scale: float) -> Layer:
    """A premultiplied layer on the face alone."""
    face = face_cover(shape, layer.shape[0], scale)
    part = cv2.merge((face, face, face, face))
    return np.asarray(cv2.multiply(layer, part, scale=1 / 255), np.uint8)


def shades(colours: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
    """A table (1, 256, 3) from the first colour to the last, for ``cv2.LUT``."""
    known = np.linspace(0, 255, len(colours))
    every = np.arange(256)
    table = np.stack([np.interp(every, known, one) for one in zip(*colours, strict=True)], 1)
    return (table + 0.5).astype(np.uint8)[None]


def coloured(values: Layer, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours (s, s, 3) that a table gives to values (s, s)."""
    return np.asarray(cv2.LUT(cv2.merge((values, values, values)), table), np.uint8)
