"""Blurs and displacements in floating point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._camera_view import focal_px
from agent.perturbations.benchmark.ic_motion_blur import RADIUS_PX, SIGMA_PX, IcMotionBlur
from agent.perturbations.in_sensor.low_resolution import LowResolution
from agent.perturbations.in_sensor.motion_blur import MotionBlur
from agent.perturbations.in_sensor.rolling_shutter import RollingShutter
from agent.perturbations.on_lens.defocus import Defocus
from agent.perturbations.on_lens.distortion import Distortion
from agent.values import Pixels

Floats = NDArray[np.float64]
Border = Callable[[NDArray[np.intp], int], NDArray[np.intp]]

_FINE: Final = 64  # samples of a pixel's side, or of a pixel's way
_REFERENCE_PX: Final = 640


def defocus(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """The mean over a disc, its edge weighted by area."""
    radius = severity * Defocus.model_validate({}).most_px / 2
    reach = math.ceil(radius)
    side = 2 * reach + 1
    line = (np.arange(side * _FINE) + 0.5) / _FINE - side / 2
    inside = line[:, None] ** 2 + line[None] ** 2 <= radius**2
    disc = inside.reshape(side, _FINE, side, _FINE).mean((1, 3))
    return _filtered(pixels, disc / disc.sum(), cv2.BORDER_REFLECT_101)


def motion_blur(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """The mean along a straight line through each pixel."""
    kind = MotionBlur.model_validate({})
    length = severity * kind.longest_px * focal_px(pixels.shape) / _REFERENCE_PX
    angle = math.radians(moment.generator(kind.kind()).normal(0, 25))
    count = math.ceil(length * _FINE)
    along = ((np.arange(count) + 0.5) / count - 0.5) * length
    reach = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    places = np.arange(-reach, reach + 1)
    for step in along:
        # A place between four pixels is mixed from them.
        across = np.maximum(1 - np.abs(places - step * math.cos(angle)), 0)
        down = np.maximum(1 - np.abs(places - step * math.sin(angle)), 0)
        kernel += np.outer(down, across) / count
    return _filtered(pixels, kernel, cv2.BORDER_REPLICATE)


def ic_motion_blur(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """ImageNet-C's sum of shifted pictures, at a level and at the kind's own angle."""
    level = round(5 * severity) - 1
    radius, sigma = RADIUS_PX[level], SIGMA_PX[level]
    angle = math.radians(moment.generator(IcMotionBlur.kind()).uniform(-45, 45))
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    rows, columns = np.indices(pixels.shape[:2])
    total = np.zeros(pixels.shape)
    for step, weight in zip(steps, weights, strict=True):
        down = math.ceil(step * math.sin(angle) - 0.5)
        across = math.ceil(step * math.cos(angle) - 0.5)
        row = np.clip(rows + down, 0, pixels.shape[0] - 1)
        column = np.clip(columns + across, 0, pixels.shape[1] - 1)
        total += weight * pixels[row, column]
    return total


def low_resolution(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Means over the areas of larger pixels, joined by straight lines."""
    factor = LowResolution.model_validate({}).farthest ** severity
    down, across = (_there_and_back(length, factor) for length in pixels.shape[:2])
    return np.asarray(
        np.einsum("ij,jkc,lk->ilc", down, pixels.astype(float), across, optimize=True)
    )


def distortion(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """At r half diagonals is seen what belongs at r (1 + k (r^2 - 1/2)), red drawn larger."""
    kind = Distortion.model_validate({})
    height, width = pixels.shape[:2]
    k = 2 * severity * kind.most_percent / 100
    y = (np.arange(height) - (height - 1) / 2)[:, None]
    x = (np.arange(width) - (width - 1) / 2)[None]
    squared = (x**2 + y**2) / ((height**2 + width**2) / 4)
    out = np.empty(pixels.shape)
    for channel, way in enumerate((1, 0, -1)):
        scale = 1 + k * (squared - 0.5) - way * severity * kind.fringe_percent / 100
        rows, columns = y * scale + (height - 1) / 2, x * scale + (width - 1) / 2
        out[..., channel] = _sampled(pixels[..., channel], rows, columns, _mirrored)
    return out


def rolling_shutter(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Each row slid to the right by as much as the camera turned before it was read."""
    shifts = RollingShutter.model_validate({}).displacement_px(pixels.shape, severity, moment)
    rows, columns = np.indices(pixels.shape[:2])
    found = [
        _sampled(pixels[..., channel], rows, columns - shifts[:, None], _repeated)
        for channel in range(3)
    ]
    return np.stack(found, 2)


def _filtered(pixels: Pixels, kernel: Floats, border: int) -> Floats:
    """The sum of a picture's neighbours by weights that lie as in ``kernel`` about the middle."""
    floats = pixels.astype(np.float64)
    return np.asarray(cv2.filter2D(floats, cv2.CV_64F, kernel, borderType=border))


def _there_and_back(length: int, factor: float) -> Floats:
    """How a line's pixels follow from themselves by way of fewer: (length, length)."""
    few = max(round(length / factor), 2)
    edges = np.arange(few + 1) * (length / few)
    pixel = np.arange(length)
    share = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    means = np.maximum(share, 0) * (few / length)
    place = np.clip((pixel + 0.5) * (few / length) - 0.5, 0, few - 1)
    back = np.maximum(1 - np.abs(place[:, None] - np.arange(few)), 0)
    return np.asarray(back @ means)


def _sampled(
    channel: Pixels, rows: Floats | NDArray[np.intp], columns: Floats, border: Border
) -> Floats:
    """Values (H, W) between pixels, mixed from the four around."""
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, across = rows - top, columns - left
    total = np.zeros(top.shape)
    for below, beside in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row = border(top + below, channel.shape[0])
        column = border(left + beside, channel.shape[1])
        weight = np.abs(1 - below - down) * np.abs(1 - beside - across)
        total += weight * channel[row, column]
    return total


def _mirrored(places: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    return np.asarray(length - 1 - np.abs(length - 1 - np.abs(places)))


def _repeated(places: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    return np.clip(places, 0, length - 1)
