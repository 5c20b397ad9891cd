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

from agent.perturbations._layers import pinned
from agent.perturbations.benchmark._frost_crystals import DRAWINGS, Relief
from agent.perturbations.benchmark._weather import Size, chance_of

_QUANTILES: Final = (0, 0.1, 0.4, 1, 2.5, 5, 12, 25, 50, 75, 88, 95, 97.5, 99, 99.6, 99.9, 100)
_MEDIAN: Final = _QUANTILES.index(50)
_GRAY: Final = (0.299, 0.587, 0.114)
_PASSES: Final = 6
_DRIFT_PX: Final = 40  # between the knots of the drift of colour


@dataclass(frozen=True, slots=True)
class Ice:
    """What a texture is like.

    ``size`` in pixels; ``octaves``: deviation of brightness from the finest octave to the rest;
    ``quantiles`` of brightness at the percentages of ``_QUANTILES``; ``colour`` the means of the
    channels and ``slopes`` their change with brightness; ``tints``: a slow drift of colour.
    """

    drawing: str
    size: Size
    octaves: tuple[float, ...]
    quantiles: tuple[int, ...]
    colour: tuple[float, float, float]
    slopes: tuple[float, float, float]
    tints: tuple[float, float, float] = (0.0, 0.0, 0.0)


def crop(ice: Ice, top: int, left: int, size: Size) -> NDArray[np.uint8]:
    """A piece of a texture, RGB (h, w, 3)."""
    gray = relief(ice)[top : top + size[0], left : left + size[1]]
    mean = float(np.dot(_GRAY, ice.colour))
    drift = _drift(ice, top, left, size) if any(ice.tints) else None
    planes = []
    for colour, slope, tint in zip(ice.colour, ice.slopes, ice.tints, strict=True):
        table = np.clip((np.arange(256) - mean) * slope + colour + 0.5, 0, 255).astype(np.uint8)
        plane = cv2.LUT(gray, table)
        if drift is not None:
            tinted = cv2.scaleAdd(drift, tint, plane.astype(np.float32))
            plane = np.clip(tinted, 0, 255).astype(np.uint8)
        planes.append(plane)
    return np.asarray(cv2.merge(planes), np.uint8)


@pinned
def relief(ice: Ice) -> Relief:
    """The drawing of a kind of ice in gray, (H, W): four of them, 1.4 MB, a fifth of a second."""
    return _like(DRAWINGS[ice.drawing](ice.size, _chance(ice)), ice)


def _chance(ice: Ice) -> np.random.Generator:
    return chance_of(sum(ice.size))


def _drift(ice: Ice, top: int, left: int, size: Size) -> NDArray[np.float32]:
    """Slow noise of about unit deviation over a piece of a texture, (h, w)."""
    few = (ice.size[0] // _DRIFT_PX + 3, ice.size[1] // _DRIFT_PX + 3)
    knots = _chance(ice).standard_normal(few, np.float32) * np.float32(1.3)
    step = 1 / _DRIFT_PX
    inverse = np.array(((step, 0, left * step + 1), (0, step, top * step + 1)))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(knots, inverse, size[::-1], flags=flags), np.float32)


def _like(relief: Relief, ice: Ice) -> Relief:
    """A relief with the octaves and the quantiles of the ice."""
    # Once is not enough: grown octaves spill into their neighbours, and quantiles bend them again.
    for _ in range(_PASSES):
        level = _with_octaves(relief.astype(np.float32), ice.octaves)
        level += np.float32(ice.quantiles[_MEDIAN])
        relief = _with_quantiles(np.clip(level, 0, 255).astype(np.uint8), ice.quantiles)
    return relief


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
