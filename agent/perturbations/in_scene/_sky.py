"""Where the sky is in a picture, as far as its brightness and place tell."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.plane import Window, sign_plane
from agent.geometry.shapes import Shape
from agent.perturbations import Moment
from agent.perturbations._camera_view import is_crop, shrunk
from agent.perturbations._layers import kept
from agent.values import Pixels

_CELLS: Final = 20  # of the grid on which wide bright places are told from small ones
_FROM, _TO = 0.55, 0.8  # of daylight: surely no sky, surely sky
_LEAST: Final = 170.0  # daylight below that shows no sky
_SIGN_PART: Final = 0.98
_AROUND: Final = np.ones((3, 3), np.uint8)


def sky_cover(pixels: Pixels, brightest: float, moment: Moment) -> NDArray[np.uint8]:
    """How surely each pixel is the sky, (H, W) 0..255: blue or bright, as its surroundings are,
    and open to the top of the picture; the target never is. ``brightest`` is daylight as a
    picture value."""
    height, width = pixels.shape[:2]
    ramp = np.clip((np.arange(256) / max(brightest, _LEAST) - _FROM) / (_TO - _FROM), 0, 1)
    blue = cv2.extractChannel(pixels, 2)
    bright = np.asarray(cv2.LUT(blue, (255 * ramp).astype(np.uint8)), np.uint8)
    cells = (min(_CELLS, width), min(_CELLS, height))
    wide = shrunk(bright, cells)
    # Sky reaches down from the top: below the first row without any, bright places are ground.
    reach = np.minimum.accumulate(wide.max(1))
    wide = np.minimum(cv2.dilate(wide, _AROUND), reach[:, None])
    smooth = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    sky = np.asarray(cv2.multiply(bright, smooth, scale=1 / 255), np.uint8)
    if moment.region is not None or moment.quad is not None:
        plane = moment.plane(pixels.shape)
        window = plane.window(pixels.shape)
        if not window.empty:
            view = window.of(sky)
            view[:] = cv2.subtract(view, plane.mask(window, scale=_SIGN_PART))
    elif is_crop(pixels.shape):
        return np.asarray(cv2.subtract(sky, _object((height, width), moment.face)), np.uint8)
    return sky


@kept
def _object(shape: tuple[int, int], face: Shape) -> NDArray[np.uint8]:
    """Where the sign is taken to be in a crop, (H, W) 0..255."""
    plane = sign_plane(shape, face=face)
    return plane.mask(Window(0, 0, shape[1], shape[0]), scale=_SIGN_PART)
