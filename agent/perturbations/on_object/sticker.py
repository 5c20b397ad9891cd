"""Stickers on a sign: printed vinyl and paper, stuck on by hand."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import lay
from agent.geometry.shapes import Shape, outline
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _sticker_art as art
from agent.perturbations.on_object._face import clearance, clipped
from agent.values import Pixels, derived_seed

_REFERENCE_CM = 76.2  # the 30 in stop sign
_REFERENCE_FACE_CM2 = 0.8284 * _REFERENCE_CM**2
_TRIES: Final = 100
_RIM: Final = 0.012  # of the hull: so far from the sign's edge stickers keep
_FINEST_LOG2: Final = (3, 9)  # sides of a sticker's drawing: 8 to 512 px


class Sticker(Perturbation):
    """Printed stickers, lying flat on the sign and lit as the sign is.

    ``count`` stickers of ``size_cm`` (the side of a square of the same area, on average; single
    ones differ) are placed in sign centimetres inside the sign's outline, without overlap
    where there is room. Severity is the covered area, in proportion: the stickers come one
    after another, each growing from its centre, so that more severity only adds. With the defaults
    severity 1 covers 24 % of a 30 in stop sign: the attacks that were tried on real signs cover
    10-20 % (RP2, Eykholt et al. 2018; GRAPHITE, Feng et al. 2022: 16.6 %), much-stickered town
    signs a little more. The share described is of such a sign: on a smaller one the stickers
    shrink with it, as on a printed model sign, and narrower faces are covered more. Seen through
    the quad where it is known, else on the box, else on the middle of the picture.
    """

    count: int = Field(8, ge=1, le=60)
    size_cm: float = Field(12.0, gt=0.5, le=60)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        plane = moment.plane(pixels.shape)
        seed = derived_seed(moment.seed, self.kind())
        kind, sign = (self.count, self.size_cm), (plane.size_cm, plane.shape)
        return lay(pixels, plane, _layer(plane.layer_side(), seed, kind, sign, severity))

    def describe(self, severity: float) -> str:
        area = severity * self.count * self.size_cm**2
        share = 100 * area / _REFERENCE_FACE_CM2
        return f"{area:.0f} cm² ({share:.1f} % of a 76 cm sign)"


@kept
def _layer(
    side: int,
    seed: int,
    kind: tuple[int, float],
    sign: tuple[float, Shape],
    severity: float,
) -> NDArray[np.uint8]:
    """All stickers on the sign's hull, (side, side, 4), colour premultiplied by coverage."""
    (count, size_cm), (sign_cm, shape) = kind, sign
    chance = np.random.Generator(np.random.SFC64(seed))
    size = size_cm * min(1.0, sign_cm / _REFERENCE_CM) / sign_cm
    areas = _areas(count, chance) * size**2
    numbers = chance.integers(0, art.VARIETY, count).tolist()
    angles = np.degrees(chance.normal(0, 0.35, count))
    centres = _places(np.sqrt(areas) * 0.68, shape, chance)
    sides = np.sqrt(areas / [art.fill(number) for number in numbers])
    before = np.cumsum(areas) - areas
    grown = np.sqrt(np.clip((severity * areas.sum() - before) / areas, 0, 1)) * sides * side
    layer = np.zeros((side, side, 4), np.uint8)
    for index in np.flatnonzero(grown > 0):
        _stick(layer, numbers[index], float(grown[index]), angles[index], centres[index])
    return clipped(layer, shape)


def _areas(count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Areas of mean 1, between a third and twice that."""
    areas = np.clip(chance.lognormal(0, 0.45, count), 0.35, 2.2)
    return np.asarray(areas / areas.mean())


def _places(
    radii: NDArray[np.float64], shape: Shape, chance: np.random.Generator
) -> NDArray[np.float64]:
    """Centres (N, 2) in parts of the hull; the largest choose first, overlap is the last resort."""
    corners = outline(shape)
    tries = chance.uniform(corners.min(0), corners.max(0), (len(radii), _TRIES, 2))
    room = clearance(tries, shape) - _RIM
    centres = np.zeros((len(radii), 2))
    taken: list[int] = []
    for index in np.argsort(-radii).tolist():
        apart = tries[index][:, None] - centres[taken]
        gaps = np.hypot(apart[..., 0], apart[..., 1]) - radii[taken]
        gap = np.minimum(gaps.min(1, initial=np.inf), room[index]) - radii[index]
        free = gap >= 0
        centres[index] = tries[index, int(np.argmax(free if free.any() else gap))]
        taken.append(index)
    return centres


def _stick(
    layer: NDArray[np.uint8], number: int, size_px: float, angle: float, centre: NDArray[np.float64]
) -> None:
    """Lay a sticker over the layer, turned about its centre."""
    side = layer.shape[0]
    stamp = art.stamp(number, _stamp_side(size_px))
    middle = stamp.shape[0] / 2 - 0.5
    scale = size_px / stamp.shape[0]
    turn = np.asarray(cv2.getRotationMatrix2D((middle, middle), angle, scale), np.float64)
    x, y = ((centre + 0.5) * side - 0.5).tolist()
    reach = int(size_px * 0.72) + 2
    left, top = max(int(x) - reach, 0), max(int(y) - reach, 0)
    right, bottom = min(int(x) + reach + 2, side), min(int(y) + reach + 2, side)
    if left >= right or top >= bottom:
        return
    turn[:, 2] += (x - left - middle, y - top - middle)
    seen = cv2.warpAffine(stamp, turn, (right - left, bottom - top))
    cover = cv2.extractChannel(seen, 3)
    view = layer[top:bottom, left:right]
    rest = cv2.bitwise_not(cv2.merge((cover, cover, cover, cover)))
    cv2.add(cv2.multiply(view, rest, scale=1 / 255), seen, dst=view)


def _stamp_side(size_px: float) -> int:
    """Powers of two, so that all seeds share few drawings; at most twice as fine as needed."""
    return int(2 ** np.clip(np.ceil(np.log2(size_px)), _FINEST_LOG2[0], _FINEST_LOG2[1]))
