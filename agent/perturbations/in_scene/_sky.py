"""Where the sky is in a picture, as far as its brightness and place tell."""

from __future__ import annotations

from typing import Final, NamedTuple

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
_UPPER: Final = 3  # rows of cells: the picture's upper edge
_EVEN: Final = 10  # picture values: by so much less do neighbouring samples of a sky differ
_WARM: Final = 20  # redder than blue by more is no gray sky
_DARKEST: Final = 0.35  # of daylight
_NIGHT: Final = 45
_ENOUGH: Final = 0.25  # of the upper edge
_PLAIN: Final = 0.85  # of daylight: such a sky is known by its brightness
_SIGN_PART: Final = 0.98
_AROUND: Final = np.ones((3, 3), np.uint8)


class Sky(NamedTuple):
    """How surely each pixel is the sky, (H, W) 0..255; and the sky's picture value."""

    cover: NDArray[np.uint8]
    level: float


def sky_cover(pixels: Pixels, brightest: float, moment: Moment) -> NDArray[np.uint8]:
    """How surely each pixel is the sky, as ``sky_of`` tells."""
    return sky_of(pixels, brightest, moment).cover


def sky_of(pixels: Pixels, brightest: float, moment: Moment) -> Sky:
    """The sky: blue or bright, as its surroundings are, and open to the top of the picture; the
    target never is. ``brightest`` is daylight as a picture value. A gray sky may be no brighter
    than the road: it is known by being even, without warm colour, at the picture's upper edge."""
    gray = _even_above(pixels, brightest)
    level = max(brightest, _LEAST) if gray is None else gray[0]
    cover = _open_above(pixels, level, None if gray is None else gray[1])
    return Sky(_without_target(cover, moment), level)


def _even_above(pixels: Pixels, brightest: float) -> tuple[float, NDArray[np.uint8]] | None:
    """A gray sky's picture value, and where things are as even as it, (h, w) 0..255; None where
    the upper edge shows no such sky, or one so bright that its brightness tells."""
    if min(pixels.shape[:2]) < 3 * _CELLS:
        return None
    side = 3 * _CELLS
    samples = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_NEAREST)
    red, _, blue = cv2.split(samples)
    rough = cv2.subtract(cv2.dilate(blue, _AROUND), cv2.erode(blue, _AROUND))
    # Noise is not texture: a cell's middling range counts, not its greatest.
    rough = cv2.resize(rough, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    warm = cv2.resize(cv2.subtract(red, blue), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    level = cv2.resize(blue, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    edge = slice(0, _UPPER)
    sky = (rough[edge] < _EVEN) & (warm[edge] < _WARM)
    sky &= level[edge] > max(_DARKEST * brightest, _NIGHT)
    if int(sky.sum()) < _CELLS * _UPPER * _ENOUGH:
        return None
    value = float(np.median(level[edge][sky]))
    if value > _PLAIN * max(brightest, _LEAST):
        return None
    even = np.clip((2 * _EVEN + 8 - rough.astype(np.float32)) / _EVEN, 0, 1)
    even *= warm < 2 * _WARM
    even[_CELLS * 6 // 10 :] = 0  # below the horizon lies the road, even as the sky
    return value, np.asarray(255 * even).astype(np.uint8)


def _open_above(pixels: Pixels, level: float, even: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    ramp = np.clip((np.arange(256) / level - _FROM) / (_TO - _FROM), 0, 1)
    blue = cv2.extractChannel(pixels, 2)
    bright = np.asarray(cv2.LUT(blue, (255 * ramp).astype(np.uint8)), np.uint8)
    cells = (min(_CELLS, width), min(_CELLS, height))
    wide = shrunk(bright, cells)
    if even is not None:
        wide = np.minimum(wide, even)
    # Sky reaches down from the top: below the first row without any, bright places are ground.
    reach = np.minimum.accumulate(wide.max(1))
    wide = np.minimum(cv2.dilate(wide, _AROUND), reach[:, None])
    smooth = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(bright, smooth, scale=1 / 255), np.uint8)


def _without_target(sky: NDArray[np.uint8], moment: Moment) -> NDArray[np.uint8]:
    if moment.region is not None or moment.quad is not None:
        plane = moment.plane(sky.shape)
        window = plane.window(sky.shape)
        if not window.empty:
            view = window.of(sky)
            view[:] = cv2.subtract(view, plane.mask(window, scale=_SIGN_PART))
    elif is_crop(sky.shape):
        return np.asarray(
            cv2.subtract(sky, _object((sky.shape[0], sky.shape[1]), moment.face)), np.uint8
        )
    return sky


@kept
def _object(shape: tuple[int, int], face: Shape) -> NDArray[np.uint8]:
    """Where the sign is taken to be in a crop, (H, W) 0..255."""
    plane = sign_plane(shape, face=face)
    return plane.mask(Window(0, 0, shape[1], shape[0]), scale=_SIGN_PART)
