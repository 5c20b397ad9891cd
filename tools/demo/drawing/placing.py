"""Put a flat patch into a picture as a camera would see it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.demo.drawing.paint import Picture, Rng

Quad = NDArray[np.float64]


def seen_from(
    rng: Rng, centre: tuple[float, float], size: tuple[float, float], *, tilt: float = 1.0
) -> Quad:
    """Corners (4, 2) in px of a plate `size` = (width, height), turned away from the camera.

    Clockwise from the top left. `tilt` scales how far: at 1 the yaw's standard deviation is
    about 24 degrees, limited to 65; pitch and roll are smaller.
    """
    yaw = np.clip(rng.normal(0, 0.42), -1.13, 1.13) * tilt
    pitch = np.clip(rng.normal(0, 0.16), -0.6, 0.6) * tilt
    roll = rng.normal(0, 0.07 if rng.random() < 0.85 else 0.3) * tilt
    half = np.array(size) / 2
    flat = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * (*half, 0)
    spin = _turn(2, roll) @ _turn(0, pitch) @ _turn(1, yaw)
    solid = flat @ spin.T
    distance = max(size) * rng.uniform(1.6, 8)
    shrink = distance / (distance + solid[:, 2:])
    return np.asarray(solid[:, :2] * shrink + np.array(centre), np.float64)


def _turn(axis: int, angle: float) -> NDArray[np.float64]:
    """Rotation (3, 3) about one axis, radians."""
    first, second = [other for other in range(3) if other != axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def scaled(patch: Picture, size: float) -> Picture:
    """The patch shrunk so that its longer side is about `size` px, never enlarged."""
    factor = size / max(patch.shape[:2])
    if factor >= 0.95:
        return patch
    small = (max(round(patch.shape[1] * factor), 3), max(round(patch.shape[0] * factor), 3))
    return np.asarray(cv2.resize(patch, small, interpolation=cv2.INTER_AREA), np.uint8)


def paste(picture: Picture, patch: Picture, quad: Quad, strength: float = 1.0) -> None:
    """Warp an RGBA patch onto the quadrilateral, in place; what lies outside is cut off."""
    height, width = picture.shape[:2]
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 2, (width, height))
    if (high - low < 1).any():
        return
    rows, columns = patch.shape[:2]
    source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (quad - low - 0.5).astype(np.float32))
    window = (int(high[0] - low[0]), int(high[1] - low[1]))
    colour = cv2.warpPerspective(
        np.ascontiguousarray(patch[..., :3]), matrix, window, borderMode=cv2.BORDER_REPLICATE
    )
    cover = cv2.warpPerspective(np.ascontiguousarray(patch[..., 3]), matrix, window)
    share = cover[..., None].astype(np.float32) * np.float32(strength / 255)
    place = picture[low[1] : high[1], low[0] : high[0]]
    place[:] = (place * (1 - share) + colour * share + 0.5).astype(np.uint8)


def outline(corners: NDArray[np.float64], quad: Quad) -> NDArray[np.float64]:
    """Where points (N, 2) of the unit square 0..1 land in the picture, px (N, 2)."""
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, quad.astype(np.float32))
    flat = np.concatenate([corners, np.ones((len(corners), 1))], axis=1) @ matrix.T
    return np.asarray(flat[:, :2] / flat[:, 2:], np.float64)
