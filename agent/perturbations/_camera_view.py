"""What a forward-looking road camera is taken to see when nothing better is known."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.values import Pixels

HORIZON: Final = 0.5
"""Where the horizon lies, as a part of the picture's height."""
CAMERA_HEIGHT_M: Final = 1.4

_CROP_SIDE: Final = 128
_INPUT_SIDE: Final = 224  # of the square pictures that most classifiers take
_LEAST_WIDTH: Final = 640
_NEAR_M: Final = 5.0
_FAR_M: Final = 250.0
_ROADSIDE_M: Final = 6.0  # trees, houses and signs stand about so far to either side
THINGS_M: Final = 120.0  # what hides the sky is seldom farther
_HIGHEST_M: Final = 10.0
_SKY_M: Final = 100.0  # how high the layer of air reaches that fog fills
_SKY_LEVEL: Final = 0.55  # of daylight: what is darker in blue is no sky
_SKY_SPAN: Final = 0.2
_NO_SKY: Final = 0.3  # so far below the middle, in picture heights, is no more sky
_SAMPLES: Final = 32


def focal_px(shape: tuple[int, ...]) -> float:
    """Focal length in pixels of a lens of 53 degrees; a small picture is taken for a crop of a
    640 px wide one."""
    return float(max(shape[1], _LEAST_WIDTH))


def is_crop(shape: tuple[int, ...]) -> bool:
    """Whether a picture must be a crop, the object alone and no road scene: it is very small, or
    as small and square as what a classifier takes."""
    short, long = sorted(shape[:2])
    return short < _CROP_SIDE or (long <= _INPUT_SIDE and long < 1.2 * short)


def target_distance_m(shape: tuple[int, ...], moment: Moment) -> float | None:
    """The target's distance: as known, else from its size in the picture; None without one."""
    if moment.distance_m is not None:
        return max(moment.distance_m, 0.1)
    if moment.region is None and moment.quad is None:
        return None
    plane = moment.plane(shape)
    return focal_px(shape) / max(plane.px_per_cm * 100, 1e-3)


def scene_depth_m(
    pixels: Pixels, step: int, brightest: float, farthest_m: float = THINGS_M
) -> NDArray[np.float32]:
    """Depth of a road scene in metres, on every ``step``-th pixel, (h, w).

    Below the horizon a flat road seen from 1.4 m. Above it things stand 6 m to either side, none
    of them higher than 10 m over the camera; and what is as blue or bright as daylight
    (``brightest``, a value 0..255) is the sky, whose depth is the way through a layer of air 100 m
    high. Far things and the sky meet at the horizon without a jump. Nothing but the sky is farther
    than ``farthest_m``.
    """
    things, sky = _nearness((pixels.shape[0], pixels.shape[1]), step, farthest_m)
    size = (sky.shape[1], sky.shape[0])
    blue = shrunk(np.asarray(cv2.extractChannel(pixels, 2), np.uint8), size)
    slope = 1 / (_SKY_SPAN * brightest)
    # A mean of neighbours: cells must not show where the sky meets trees.
    blue = np.asarray(cv2.blur(blue, (3, 3)), np.uint8)
    likeness = np.clip(blue * np.float32(slope) - np.float32(_SKY_LEVEL / _SKY_SPAN), 0, 1)
    return np.asarray(1 / (things + likeness * (sky - things)))


@kept
def _nearness(
    shape: tuple[int, int], step: int, farthest_m: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One by depth, 1/m, on a grid (h, w): of road and things; and of the sky, which gives way to
    them below the middle, since the true horizon may lie lower than that."""
    focal = focal_px(shape)
    down = (_places(shape[0], step) - HORIZON * shape[0]) / focal
    across = np.abs(_places(shape[1], step) - shape[1] / 2) / focal
    up = np.maximum(-down, 0)[:, None]
    ground = np.maximum(down, 0)[:, None] / CAMERA_HEIGHT_M
    things = np.maximum(np.maximum(ground, across[None] / _ROADSIDE_M), up / _HIGHEST_M)
    things = np.clip(things, 1 / farthest_m, 1 / _NEAR_M)
    lower = np.clip((_places(shape[0], step) / shape[0] - HORIZON) / _NO_SKY, 0, 1)[:, None]
    sky = np.maximum(up / _SKY_M, 1 / _FAR_M) * (1 - lower) + things * lower
    return things.astype(np.float32), sky.astype(np.float32)


def _places(length: int, step: int) -> NDArray[np.float64]:
    return (np.arange(-(-length // step)) + 0.5) * step


def shrunk(view: NDArray[np.uint8], cells: tuple[int, int]) -> NDArray[np.uint8]:
    """A view's mean by cells (across, down), from 9 samples of each: far cheaper than of all
    pixels where cells and pixels do not divide."""
    samples = cv2.resize(view, (cells[0] * 3, cells[1] * 3), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(samples, cells, interpolation=cv2.INTER_AREA), np.uint8)


def daylight(pixels: Pixels) -> float:
    """How bright the sky's diffuse light is in a picture, as a value 0..255: its bright parts."""
    size = (min(pixels.shape[1], _SAMPLES), min(pixels.shape[0], _SAMPLES))
    samples = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    red, green, blue = cv2.split(samples)
    bright = np.sort(np.maximum(np.maximum(red, green), blue), axis=None)
    return min(max(0.97 * float(bright[int(0.92 * (bright.size - 1))]), 12.0), 225.0)
