"""A wet road: darker asphalt that mirrors what stands beyond it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._camera_view import CAMERA_HEIGHT_M, HORIZON, focal_px, is_crop, shrunk
from agent.perturbations._layers import kept
from agent.perturbations.in_scene._light import levels, linear
from agent.values import Pixels

_CELL_PX: Final = 10
_ROAD_M: Final = 4.5  # to either side
_ALBEDO: Final = 0.55  # of wet asphalt to dry: Lekner and Dorf (1988)
_TEXTURE: Final = 0.8  # how much of the road's contrast is left
_MIRROR: Final = 0.4  # as a mirror, the film that coarse asphalt breaks up
_GRAY: Final = 28.0  # picture values between the channels above which a thing is no asphalt


def wet(pixels: Pixels, wetness: float, brightest: float, moment: Moment) -> Pixels:
    """A copy of a road scene whose road is wet; what is coloured or bright stays as it is.

    Wet asphalt sends back about half as much light, and from its film, by Fresnel's law, the more
    of what is beyond the flatter the look on it; broken by the grain, this mirror image is drawn
    out downwards. Reckoned on a coarse grid; the road's own detail is kept.
    """
    result = pixels.copy()
    horizon = round(HORIZON * pixels.shape[0])
    if wetness <= 0 or is_crop(pixels.shape):
        return result
    lower, upper = result[horizon:], pixels[:horizon]
    height, width = lower.shape[:2]
    mirror, track = _film((pixels.shape[0], width))
    cells = (track.shape[1], track.shape[0])
    road = shrunk(lower, cells)
    beyond = cv2.flip(shrunk(upper, cells), 0)
    mirrored = np.asarray(cv2.blur(beyond, (1, max(cells[1] // 4, 1))), np.uint8)
    share = (track * np.float32(wetness)) * _asphalt(road, brightest)
    _spare_target(share, pixels.shape, horizon, moment)
    part = share[..., None]
    light = linear(road) * (1 - np.float32(1 - _ALBEDO) * part)
    light = light + linear(mirrored) * (mirror[..., None] * part)
    keep = 1 - np.float32(1 - _TEXTURE) * share
    added = np.asarray(levels(light) - road * keep[..., None], np.float32)
    size = (width, height)
    gain = cv2.resize((keep * 255 + 0.5).astype(np.uint8), size)
    scaled = cv2.multiply(lower, cv2.merge([gain, gain, gain]), scale=1 / 255)
    more = cv2.resize(np.maximum(added, 0).astype(np.uint8), size)
    less = cv2.resize(np.maximum(-added, 0).astype(np.uint8), size)
    lower[:] = cv2.subtract(cv2.add(scaled, more), less)
    return result


def _asphalt(road: NDArray[np.uint8], brightest: float) -> NDArray[np.float32]:
    """How much like asphalt each cell looks (h, w), 0..1: gray, darker than the sky, but not
    as dark as a thicket or a hole."""
    red, green, blue = cv2.split(road)
    high = cv2.max(cv2.max(red, green), blue)
    chroma = cv2.subtract(high, cv2.min(cv2.min(red, green), blue)).astype(np.float32)
    gray = np.clip(2 - chroma / np.float32(_GRAY), 0, 1)
    bright = high.astype(np.float32) * np.float32(1 / brightest)
    dark = np.clip(np.minimum(4.25 - 5 * bright, 8 * bright - 1), 0, 1)
    return np.asarray(gray * dark, np.float32)


def _spare_target(
    share: NDArray[np.float32], shape: tuple[int, ...], horizon: int, moment: Moment
) -> None:
    if moment.region is None and moment.quad is None:
        return
    window = moment.plane(shape).window(shape, margin_px=_CELL_PX)
    if window.y1 > horizon and not window.empty:
        down, across = share.shape[0] / (shape[0] - horizon), share.shape[1] / shape[1]
        rows = slice(int(max(window.y0 - horizon, 0) * down), int((window.y1 - horizon) * down) + 1)
        share[rows, int(window.x0 * across) : int(window.x1 * across) + 1] = 0


@kept
def _film(shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """On a grid over the lower part: how well the film mirrors (h, 1), where a road is (h, w)."""
    height = shape[0] - round(HORIZON * shape[0])
    rows, columns = max(height // _CELL_PX, 1), max(shape[1] // _CELL_PX, 1)
    focal = focal_px(shape)
    down = (np.arange(rows) + 0.5) * height / rows
    flat = np.sin(np.arctan(down / focal))
    fresnel = 0.02 + 0.98 * (1 - flat) ** 5  # Schlick's form, water
    across = np.abs((np.arange(columns) + 0.5) * shape[1] / columns - shape[1] / 2)
    metres = across[None] * CAMERA_HEIGHT_M / down[:, None]
    track = np.clip(1.5 * (1 - (metres / (1.5 * _ROAD_M)) ** 2), 0, 1)
    return (_MIRROR * fresnel[:, None]).astype(np.float32), track.astype(np.float32)
