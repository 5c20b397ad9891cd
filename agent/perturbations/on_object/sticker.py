"""Stickers on a sign: printed vinyl and paper, stuck on by hand."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import compose, measure_light
from agent.perturbations import Moment, Perturbation
from agent.perturbations.on_object import _sticker_art as art
from agent.values import Pixels, derived_seed

_REFERENCE_CM = 76.2  # the 30 in stop sign
_REFERENCE_FACE_CM2 = 0.8284 * _REFERENCE_CM**2
_TRIES = 250


class Sticker(Perturbation):
    """Printed stickers, lying flat on the sign and lit as the sign is.

    ``count`` stickers of ``size_cm`` (the side of a square of the same area, on average; single
    ones differ) are placed in sign centimetres inside the circle that fits the sign, without
    overlap where there is room. Severity is the covered area, in proportion: the stickers come one
    after another, each growing from its centre, so that more severity only adds. With the defaults
    severity 1 covers 24 % of a 30 in stop sign: the attacks that were tried on real signs cover
    10-20 % (RP2, Eykholt et al. 2018; GRAPHITE, Feng et al. 2022: 16.6 %), much-stickered town
    signs a little more. On a sign smaller than 76.2 cm the stickers shrink with it, as on a
    printed model sign. Seen through the quad where it is known, else on the box, else on the
    middle of the picture.
    """

    count: int = Field(8, ge=1, le=60)
    size_cm: float = Field(12.0, gt=0.5, le=60)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        window = plane.window(pixels.shape)
        if severity <= 0 or window.empty:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        layer = _layer(plane.layer_side(), seed, self.count, self.size_cm, plane.size_cm, severity)
        seen = plane.warp(layer, window).astype(np.float32) / 255
        return compose(pixels, window, seen, measure_light(pixels, plane, window))

    def describe(self, severity: float) -> str:
        area = severity * self.count * self.size_cm**2
        share = 100 * area / _REFERENCE_FACE_CM2
        return f"{area:.0f} cm² ({share:.1f} % of a 76 cm sign)"


@lru_cache(maxsize=8)  # at most 8 x 768 x 768 x 4 bytes, mostly far less
def _layer(
    side: int, seed: int, count: int, size_cm: float, sign_cm: float, severity: float
) -> NDArray[np.uint8]:
    """All stickers on the sign's hull, (side, side, 4), colour premultiplied by coverage."""
    chance = np.random.Generator(np.random.SFC64(seed))
    shrink = min(1.0, sign_cm / _REFERENCE_CM)
    areas = _areas(count, chance) * (size_cm * shrink) ** 2
    seeds = chance.integers(0, 2**62, count)
    angles = np.degrees(chance.normal(0, 0.35, count))
    fills = np.array([art.fill(np.random.Generator(np.random.SFC64(int(one)))) for one in seeds])
    sides = np.sqrt(areas / fills)
    centres = _places(sides * np.sqrt(fills) * 0.68, sign_cm, chance)
    wanted = severity * areas.sum()
    before = np.cumsum(areas) - areas
    grown = np.sqrt(np.clip((wanted - before) / areas, 0, 1))
    layer = np.zeros((side, side, 4), np.uint8)
    for index in np.flatnonzero(grown > 0):
        stamp = art.draw(
            max(int(sides[index] * grown[index] * side / sign_cm), 6) * 2,
            np.random.Generator(np.random.SFC64(int(seeds[index]))),
        )
        scale = sides[index] * grown[index] * side / sign_cm / stamp.shape[0]
        centre = (centres[index] / sign_cm + 0.5) * side
        _stick(layer, stamp, scale, float(angles[index]), centre)
    layer.flags.writeable = False
    return layer


def _areas(count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Areas of mean 1, between a third and twice that."""
    areas = np.clip(chance.lognormal(0, 0.45, count), 0.35, 2.2)
    return np.asarray(areas / areas.mean())


def _places(
    radii: NDArray[np.float64], sign_cm: float, chance: np.random.Generator
) -> NDArray[np.float64]:
    """Centres (N, 2) in sign centimetres; the largest choose first, overlap is the last resort."""
    centres = np.zeros((len(radii), 2))
    taken: list[int] = []
    for index in np.argsort(-radii):
        reach = max(0.485 * sign_cm - radii[index], 0.0)
        angle = chance.uniform(0, 2 * np.pi, _TRIES)
        away = reach * np.sqrt(chance.uniform(0, 1, _TRIES))
        tries = np.stack([away * np.cos(angle), away * np.sin(angle)], 1)
        gap = np.full(_TRIES, np.inf)
        for other in taken:
            apart = np.hypot(*(tries - centres[other]).T) - radii[other] - radii[index]
            gap = np.minimum(gap, apart)
        free = np.flatnonzero(gap >= 0)
        centres[index] = tries[free[0] if len(free) else int(np.argmax(gap))]
        taken.append(int(index))
    return centres


def _stick(
    layer: NDArray[np.uint8],
    stamp: art.Art,
    scale: float,
    angle: float,
    centre: NDArray[np.float64],
) -> None:
    """Lay one sticker over the layer, turned and scaled about its centre."""
    middle = stamp.shape[0] / 2 - 0.5
    turn = np.asarray(cv2.getRotationMatrix2D((middle, middle), angle, scale), np.float64)
    reach = int(np.ceil(stamp.shape[0] * scale * 0.72)) + 2
    x0, y0 = (np.floor(centre) - reach).astype(int)
    turn[:, 2] += centre - 0.5 - (x0, y0) - middle
    size = (2 * reach + 1, 2 * reach + 1)
    cover = stamp[..., 3:].astype(np.uint16)
    premultiplied = np.dstack([(stamp[..., :3] * cover + 127) // 255, cover]).astype(np.uint8)
    seen = cv2.warpAffine(premultiplied, turn, size, flags=cv2.INTER_LINEAR)
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + size[0], layer.shape[1]), min(y0 + size[1], layer.shape[0])
    if left >= right or top >= bottom:
        return
    seen = seen[top - y0 : bottom - y0, left - x0 : right - x0]
    view = layer[top:bottom, left:right]
    keep = 255 - seen[..., 3:].astype(np.uint16)
    view[:] = seen + ((view * keep + 127) // 255).astype(np.uint8)
