"""Flakes as light shows them: soft, swept over their way, out of focus when near."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations.in_scene._fall import tile_size

_APERTURE_M: Final = 0.0035
"""A usual automotive lens: 6 mm at f/1.7."""
_FLUFF: Final = 0.25  # sigma of a flake, by its width: an aggregate is dense only in its middle
_LEAST_SIGMA: Final = 0.45  # pixels: what lens and sensor blur anyway
_GUST: Final = (0.3, 0.15)  # m/s, across and down: how the air differs from flake to flake
_MOMENTS: Final = 24  # at most so many places of a flake's way are summed up


class Flakes(NamedTuple):
    """N flakes of a layer: widths and depths in metres, fall speeds in m/s, places (N, 2) 0..1."""

    width: NDArray[np.float64]
    depth: NDArray[np.float64]
    down: NDArray[np.float64]
    places: NDArray[np.float64]


def flake_tile(
    flakes: Flakes, wind: float, focal: float, number: int, exposure_s: float, lots: int
) -> NDArray[np.uint8]:
    """A layer's repeating tile: the cover (see ``covering``) that flakes leave in an exposure.

    Flakes alike in size, ``lots`` groups of them, share one picture of a flake: its soft disc,
    spread over the lens's circle of confusion and along its way. An instant's cover is a flake's
    area; that much is laid down where each flake is, and spread by that picture.
    """
    height, width = tile_size(focal, number)
    light = np.zeros((height, width), np.float32)
    order = np.argsort(-flakes.width / flakes.depth, kind="stable")
    # A few large flakes each have their own looks; the many small ones look alike.
    ends = (len(order) * np.linspace(0, 1, lots + 1) ** 3).astype(int)
    gusts = np.random.Generator(np.random.SFC64(number)).normal(0, 1, (lots, 2)) * _GUST
    for gust, first, last in zip(gusts, ends[:-1], ends[1:], strict=True):
        if last > first:
            lot = Flakes(*(part[order[first:last]] for part in flakes))
            depth, down = float(np.median(lot.depth)), float(np.median(lot.down))
            way = np.array((wind, down)) + gust
            spread = _spread(
                float(np.median(lot.width)) * focal / depth,
                focal * _APERTURE_M / depth,
                way * (exposure_s * focal / depth),
            )
            light += _swept(_areas(lot, focal, (height, width)), spread)
    return np.asarray(255 * np.sqrt(1 - np.exp(-light)) + 0.5).astype(np.uint8)


def _areas(lot: Flakes, focal: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """What flakes cover at an instant, in pixels, shared by the four pixels around each."""
    area = np.pi / 4 * (lot.width * focal / lot.depth) ** 2
    x, y = lot.places[:, 0] * size[1], lot.places[:, 1] * size[0]
    left, top = np.floor(x), np.floor(y)
    laid = np.zeros(size[0] * size[1])
    for aside, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        part = (1 - np.abs(x - left - aside)) * (1 - np.abs(y - top - below))
        index = (top + below) % size[0] * size[1] + (left + aside) % size[1]
        laid += np.bincount(index.astype(np.int64), area * part, laid.size)
    return laid.reshape(size).astype(np.float32)


def _spread(width: float, confusion: float, way: NDArray[np.float64]) -> NDArray[np.float32]:
    """The picture of a flake that covers one pixel's area, summing up to 1."""
    sigma = max(_FLUFF * width, _LEAST_SIGMA)
    reach = float(np.abs(way).max()) / 2 + confusion / 2 + 3 * sigma
    half = int(np.ceil(reach))
    grid = np.arange(-half, half + 1, dtype=np.float32)
    moments = int(np.clip(np.hypot(*way) / (0.7 * sigma), 1, _MOMENTS))
    # Each place of the way: a Gaussian across times a Gaussian down, so one product sums them up.
    steps = ((np.arange(moments) + 0.5) / moments - 0.5).astype(np.float32)
    wide = np.float32(max(sigma, np.hypot(*way) / moments / 2))
    across, down = (
        np.exp(-(((grid[None] - steps[:, None] * np.float32(part)) / wide) ** 2) / 2)
        for part in way
    )
    spread = down.T @ across
    if confusion > 1:
        apart = np.hypot(grid[None], grid[:, None])
        disc = np.clip(confusion / 2 + 0.5 - apart, 0, 1).astype(np.float32)
        spread = np.asarray(cv2.filter2D(spread, -1, disc, borderType=cv2.BORDER_CONSTANT))
    return np.asarray(spread / spread.sum(), np.float32)


def _swept(areas: NDArray[np.float32], spread: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread over a tile that repeats."""
    half = min(spread.shape[0] // 2, *areas.shape)
    wide = cv2.copyMakeBorder(areas, half, half, half, half, cv2.BORDER_WRAP)
    swept = cv2.filter2D(wide, -1, spread, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(swept[half:-half, half:-half], np.float32)
