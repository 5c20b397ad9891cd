"""The sign on its post, drawn where the geometry says, small or large without aliasing."""

from __future__ import annotations

from functools import cache
from math import ceil, floor
from typing import Final

import cv2
import numpy as np

from agent.cameras._drive_by.palette import PALETTES, Layer, as_layer, face_light, haze
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras._drive_by.pinhole import Pinhole, Placed
from agent.cameras._drive_by.sprites import Pyramid, pyramid
from agent.geometry.sign_face import stop_face

_FACE_PX: Final = 512
_POST_M: Final = 0.06
_STEEL: Final = (128, 130, 132)
_FINEST: Final = 8  # samples per pixel and axis for the smallest sign
_SHIFT: Final = 4  # fractional bits of the coordinates handed to OpenCV


@cache
def _faces() -> Pyramid:
    face = stop_face(_FACE_PX).astype(np.float32)
    face[:, :, :3] *= face[:, :, 3:] / 255
    return pyramid(face)


def draw_sign(picture: Layer, drive: DriveByParameters, camera: Pinhole, sign: Placed) -> None:
    """Paint post and face into float32 RGB (H, W, 3), 0..255."""
    palette = PALETTES[drive.weather]
    veil, horizon = float(haze(sign.depth)), as_layer(palette.horizon)
    steel = as_layer(_STEEL) * as_layer(palette.ambient) * face_light(drive)
    _fill(picture, _post(drive, camera, sign.depth), steel * (1 - veil) + horizon * veil)
    light = as_layer(palette.ambient) * as_layer(face_light(drive)) * (1 - veil)
    _paint_face(picture, sign, light, horizon * veil)


def _post(
    drive: DriveByParameters, camera: Pinhole, depth: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The post's outline (4, 2) in pixels, from behind the sign's middle to the ground."""
    left, right = drive.lateral - _POST_M / 2, drive.lateral + _POST_M / 2
    top, foot = drive.eye - drive.mount, drive.eye
    corners = [(left, top), (right, top), (right, foot), (left, foot)]
    return camera.project(np.array([(x, y, depth) for x, y in corners]))


def _paint_face(picture: Layer, sign: Placed, light: Layer, veil: Layer) -> None:
    window = _window(sign.hull, picture)
    if window is None:
        return
    x0, y0, x1, y1 = window
    side = float(np.ptp(sign.hull, axis=0).max())
    fine = int(np.clip(round(256 / side), 2, _FINEST))
    levels = _faces()
    level = int(np.clip(round(float(np.log2(_FACE_PX / (side * fine)))), 0, len(levels) - 1))
    face = levels[level]
    square = as_layer([(0, 0), (1, 0), (1, 1), (0, 1)]) * face.shape[0] - 0.5
    corners = np.asarray((sign.hull - (x0, y0)) * fine - 0.5, np.float32)
    matrix = cv2.getPerspectiveTransform(square, corners)
    size = ((x1 - x0) * fine, (y1 - y0) * fine)
    warped = cv2.warpPerspective(face, matrix, size, flags=cv2.INTER_LINEAR)
    patch = cv2.resize(warped, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    cover = patch[:, :, 3:] / 255
    region = picture[y0:y1, x0:x1]
    region *= 1 - cover
    region += patch[:, :, :3] * light + cover * veil


def _fill(
    picture: Layer,
    polygon: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    colour: Layer,
) -> None:
    """A convex polygon of one colour, its edges covered by area."""
    window = _window(polygon, picture)
    if window is None:
        return
    x0, y0, x1, y1 = window
    fine = 4
    mask = np.zeros(((y1 - y0) * fine, (x1 - x0) * fine), np.float32)
    points = np.round(((polygon - (x0, y0)) * fine - 0.5) * 2**_SHIFT).astype(np.int32)
    cv2.fillConvexPoly(mask, points, (1.0,), cv2.LINE_8, _SHIFT)
    cover = cv2.resize(mask, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)[:, :, None]
    region = picture[y0:y1, x0:x1]
    region += cover * (colour - region)


def _window(
    polygon: np.ndarray[tuple[int, int], np.dtype[np.float64]], picture: Layer
) -> tuple[int, int, int, int] | None:
    """The whole pixels around a polygon within the picture: x0, y0, x1, y1; None for none."""
    height, width = picture.shape[:2]
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    x0, x1 = max(floor(left) - 1, 0), min(ceil(right) + 1, width)
    y0, y1 = max(floor(top) - 1, 0), min(ceil(bottom) + 1, height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
