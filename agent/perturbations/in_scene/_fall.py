"""What falls through the picture: tiles of streaks in layers of depth, moved with the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._camera_view import focal_px, target_distance_m
from agent.values import derived_seed

_LEVELS: Final = 32
_SHIFT: Final = 4
_THICKEST_PX: Final = 24
_BLURRED_FROM: Final = 0.25  # sigma in pixels; less is not seen
_APERTURE_M: Final = 0.0035
"""A usual automotive lens: 6 mm at f/1.7."""


class Falling(NamedTuple):
    """N drops or flakes of a layer: sizes and depths in metres, and how fast they move, in m/s."""

    diameter: NDArray[np.float64]
    depth: NDArray[np.float64]
    down: NDArray[np.float64]
    across: float


def tile_size(focal: float, number: int) -> tuple[int, int]:
    """Height and width of a layer's tile: unequal for the layers, so that none repeats with
    another."""
    scale = focal / 640 * (1 - 0.067 * number)
    return round(272 * scale), round(336 * scale)


def per_tile_m3(focal: float, number: int, near: float, far: float) -> float:
    """The volume that a tile shows of the space between two depths."""
    height, width = tile_size(focal, number)
    return (far**3 - near**3) / 3 * height * width / focal**2


def drawn(
    falling: Falling,
    places: NDArray[np.float64],
    focal: float,
    number: int,
    exposure_s: float,
    boldness: float = 1.0,
) -> NDArray[np.uint8]:
    """A layer's tile: the cover (see ``covering``) that streaks leave during an exposure.

    ``places`` (N, 2) in [0, 1] tell where they are. A body covers each point of its way for as long
    as it takes to pass by its own length. The lens is set to the far: near bodies are blurred by
    focal length x aperture / depth.
    """
    height, width = tile_size(focal, number)
    tile = np.zeros((height, width), np.uint8)
    if not len(places):
        return tile
    scale = focal / falling.depth
    velocity = np.stack([np.full_like(falling.down, falling.across), falling.down], 1)
    way = np.hypot(velocity[:, 0], velocity[:, 1]) * exposure_s
    thick = falling.diameter * scale
    share = np.clip(falling.diameter / (way + falling.diameter) * boldness, 0, 0.9)
    share *= np.minimum(thick, 1) * np.minimum((thick + way * scale), 1)
    travel = velocity * (exposure_s * scale)[:, None]
    _draw(tile, places * (width, height), travel, thick, np.sqrt(share))
    blur = 0.4 * focal * _APERTURE_M / float(np.percentile(falling.depth, 20))
    if blur < _BLURRED_FROM:
        return tile
    return np.asarray(cv2.GaussianBlur(tile, (0, 0), blur), np.uint8)


def _draw(
    tile: NDArray[np.uint8],
    start: NDArray[np.float64],
    travel: NDArray[np.float64],
    thick: NDArray[np.float64],
    cover: NDArray[np.float64],
) -> None:
    """All streaks, those of equal thickness and cover in one call, the densest last."""
    size = np.array((tile.shape[1], tile.shape[0]))
    # The tile repeats: what leaves it on one side enters it on the other.
    shifts = [np.array(one) * size for one in ((0, 0), (0, -1), (-1, 0), (1, 0))]
    lines = np.concatenate([np.stack([start + s, start + s + travel], 1) for s in shifts])
    fixed = np.round(lines * (1 << _SHIFT)).astype(np.int32)
    levels = np.tile(np.ceil(cover * _LEVELS).astype(int), len(shifts))
    widths = np.tile(np.clip(np.round(thick), 1, _THICKEST_PX).astype(int), len(shifts))
    low, high = np.minimum(lines[:, 0], lines[:, 1]), np.maximum(lines[:, 0], lines[:, 1])
    seen = ((high > -_THICKEST_PX) & (low < size + _THICKEST_PX)).all(1) & (levels > 0)
    fixed, both = fixed[seen], levels[seen] * 64 + widths[seen]
    order = np.argsort(both, kind="stable")
    edges = np.flatnonzero(np.diff(both[order])) + 1
    for chosen in np.split(order, edges):
        if len(chosen):
            level, width = divmod(int(both[chosen[0]]), 64)
            ink = (float(level * 255 / _LEVELS),)
            cv2.polylines(tile, list(fixed[chosen]), False, ink, width, cv2.LINE_AA, _SHIFT)


def in_view(
    shape: tuple[int, ...],
    moment: Moment,
    seed: int,
    layers_m: Sequence[tuple[float, float]],
    tile: Callable[[int], NDArray[np.uint8]],
    moved_m: Callable[[int], tuple[float, float]],
) -> NDArray[np.uint8]:
    """What all layers cover of a picture, (H, W); those beyond the target do not cover it.

    ``layers_m`` are the layers' depths, ``tile`` gives a layer's streaks, and ``moved_m`` how far
    they have gone since the clip's start, across and down.
    """
    cover = np.zeros(shape[:2], np.uint8)
    focal, distance = focal_px(shape), target_distance_m(shape, moment)
    beyond = [n for n, (near, _) in enumerate(layers_m) if distance is not None and near > distance]
    order = beyond + [n for n in range(len(layers_m)) if n not in beyond]
    for place, number in enumerate(order):
        if beyond and place == len(beyond):
            _clear_target(cover, moment)
        scale = focal / (0.5 * sum(layers_m[number]))
        across, down = moved_m(number)
        _overlay(cover, tile(number), seed, number, (across * scale, down * scale))
    return cover


def _clear_target(cover: NDArray[np.uint8], moment: Moment) -> None:
    plane = moment.plane(cover.shape)
    window = plane.window(cover.shape)
    if not window.empty:
        view = window.of(cover)
        view[:] = cv2.subtract(view, plane.mask(window))


def _overlay(
    cover: NDArray[np.uint8],
    tile: NDArray[np.uint8],
    seed: int,
    number: int,
    moved: tuple[float, float],
) -> None:
    """Lay a repeating tile over a picture's cover (H, W): by chance, and ``moved`` (x, y) px."""
    height, width = tile.shape
    chance = derived_seed(seed, "place", number)
    top = int(chance % height - moved[1]) % height
    left = int(chance // height % width - moved[0]) % width
    for row in range(-top, cover.shape[0], height):
        y0, y1 = max(row, 0), min(row + height, cover.shape[0])
        for column in range(-left, cover.shape[1], width):
            x0, x1 = max(column, 0), min(column + width, cover.shape[1])
            view = cover[y0:y1, x0:x1]
            np.maximum(view, tile[y0 - row : y1 - row, x0 - column : x1 - column], out=view)


def before(cover: NDArray[np.uint8], air: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Streaks' cover before the air's, both (H, W): what is left of the air is covered again."""
    left = cv2.multiply(cover, cv2.bitwise_not(air), scale=1 / 255)
    return np.asarray(cv2.add(air, left), np.uint8)
