"""What a forward-looking road camera is taken to see when nothing better is known."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.values import Pixels

_CROP_SIDE: Final = 128
_LEAST_WIDTH: Final = 640
_CAMERA_HEIGHT_M: Final = 1.4
_HORIZON: Final = 0.5
_FAR_M: Final = 110.0
_NEAR_M: Final = 5.0


def focal_px(shape: tuple[int, ...]) -> float:
    """Focal length in pixels of a lens of 53 degrees; a small picture is taken for a crop of a
    640 px wide one."""
    return float(max(shape[1], _LEAST_WIDTH))


def is_crop(shape: tuple[int, ...]) -> bool:
    """Whether a picture is so small that it must be a crop: the object alone, not a road scene."""
    return min(shape[0], shape[1]) < _CROP_SIDE


def target_distance_m(shape: tuple[int, ...], moment: Moment) -> float | None:
    """The target's distance: as known, else from its size in the picture; None without one."""
    if moment.distance_m is not None:
        return max(moment.distance_m, 0.1)
    if moment.region is None and moment.quad is None:
        return None
    plane = moment.plane(shape)
    return focal_px(shape) / max(plane.px_per_cm * 100, 1e-3)


def row_depth_m(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Depth of each row of a road scene, (H,) in metres.

    Below the horizon, in the middle of the picture, a flat road seen from 1.4 m; above it depth
    falls off slowly: trees and buildings stand at the roadside and their upper parts are nearer.
    """
    row = np.arange(shape[0]) + 0.5 - _HORIZON * shape[0]
    road = focal_px(shape) * _CAMERA_HEIGHT_M / np.maximum(row, 1e-6)
    upper = _FAR_M * np.exp(row / (0.9 * shape[0]))
    return np.clip(np.where(row > 0, road, upper), _NEAR_M, _FAR_M)


def daylight(pixels: Pixels) -> float:
    """How bright the sky's diffuse light is in a picture, as a value 0..255: its bright parts."""
    step = max(1, min(pixels.shape[:2]) // 64)
    bright = np.percentile(pixels[::step, ::step].max(2), 92)
    return float(np.clip(0.97 * bright, 12, 225))
