"""Textures of frost on glass, of our own making, alike to the standard's photographs in statistics.

The standard blends crops of photographs that are not ours to ship. What a model is harmed by is
their brightness, colour and contrast at each scale; so each drawing gets those of one photograph:
the deviation of each octave, then the quantiles of brightness, then the colour per brightness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations._layers import kept
from agent.perturbations.benchmark._frost_crystals import DRAWINGS, Relief
from agent.perturbations.benchmark._weather import Size, chance_of

_QUANTILES: Final = (0, 1, 5, 25, 50, 75, 95, 99, 100)
_GRAY: Final = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Ice:
    """What a texture is like.

    ``size`` in pixels; ``octaves``: deviation of brightness from the finest octave to the rest;
    ``quantiles`` of brightness at 0, 1, 5, 25, 50, 75, 95, 99 and 100 %; ``colour`` the means of
    the channels and ``slopes`` their change with brightness; ``tints``: a slow drift of colour.
    """

    drawing: str
    size: Size
    octaves: tuple[float, ...]
    quantiles: tuple[int, ...]
    colour: tuple[float, float, float]
    slopes: tuple[float, float, float]
    tints: tuple[float, float, float] = (0.0, 0.0, 0.0)


@kept
def texture(ice: Ice) -> NDArray[np.uint8]:
    """The drawing of a kind of ice, RGB (H, W, 3)."""
    chance = chance_of(sum(ice.size))
    relief = _like(DRAWINGS[ice.drawing](ice.size, chance), ice)
    mean = float(np.dot(_GRAY, ice.colour))
    few = chance.standard_normal((ice.size[0] // 40 + 2, ice.size[1] // 40 + 2), np.float32)
    drift = cv2.resize(few, ice.size[::-1], interpolation=cv2.INTER_CUBIC)
    planes = []
    for colour, slope, tint in zip(ice.colour, ice.slopes, ice.tints, strict=True):
        plane = cv2.convertScaleAbs(relief, alpha=slope, beta=max(colour - slope * mean, -255))
        tinted = np.asarray(plane, np.float32) + np.float32(1.1 * tint) * drift
        planes.append(np.clip(tinted, 0, 255).astype(np.uint8))
    return np.asarray(cv2.merge(planes), np.uint8)


def _like(relief: Relief, ice: Ice) -> Relief:
    """A relief with the octaves and the quantiles of the ice."""
    level = relief.astype(np.float32)
    # Once is not enough: an octave that is grown spills into its neighbours.
    for _ in range(3):
        level = _with_octaves(level, ice.octaves)
    level += np.float32(ice.quantiles[4])
    return _with_quantiles(np.clip(level, 0, 255).astype(np.uint8), ice.quantiles)


def _with_octaves(level: NDArray[np.float32], wanted: tuple[float, ...]) -> NDArray[np.float32]:
    """A Laplacian pyramid's sum about 0, each of its levels scaled to a deviation."""
    rest, details = level, []
    for deviation in wanted[:-1]:
        coarse = np.asarray(cv2.pyrDown(rest), np.float32)
        detail = rest - cv2.pyrUp(coarse, dstsize=(rest.shape[1], rest.shape[0]))
        details.append(detail * np.float32(deviation / max(float(detail.std()), 1e-3)))
        rest = coarse
    rest = rest - rest.mean()
    result = rest * np.float32(wanted[-1] / max(float(rest.std()), 1e-3))
    for detail in reversed(details):
        grown = cv2.pyrUp(result, dstsize=(detail.shape[1], detail.shape[0]))
        result = np.asarray(grown, np.float32) + detail
    return np.asarray(result, np.float32)


def _with_quantiles(level: Relief, quantiles: tuple[int, ...]) -> Relief:
    counts = np.bincount(level.ravel(), minlength=256)
    share = 100 * (np.cumsum(counts) - counts / 2) / level.size
    table = np.interp(share, _QUANTILES, quantiles)
    return np.asarray(cv2.LUT(level, table.astype(np.uint8)), np.uint8)
