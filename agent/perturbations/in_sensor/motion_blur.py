"""Blur by movement during the exposure: speed, turning and vibration."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import focal_px
from agent.values import Pixels

_SEGMENT = 9  # columns of a kernel that OpenCV still convolves directly
_SCALE = 64  # fixed-point weights: 255 * 64 fits 16 bits
_REFERENCE_PX = 640


class MotionBlur(Perturbation):
    """A straight smear of one direction, even along its length.

    A camera that turns by w rad/s against the thing it sees smears it over f w t pixels in an
    exposure t. Severity is that length, in proportion, up to ``longest_px`` on a picture 640 px
    wide (f = 640 px; wider pictures smear in proportion, smaller ones are taken for crops): 18 px
    are .8 rad/s at 1/30 s, a sign 4 m beside the road seen from 10 m at 70 km/h at dusk. The
    direction is drawn once per clip, mostly sideways as with passing and turning; ``angle_deg``
    fixes it. The mean is taken over picture values, as all common benchmarks do.
    """

    longest_px: float = Field(18.0, gt=0, le=60)
    angle_deg: float | None = Field(None, ge=-180, le=180)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        length = severity * self.longest_px * focal_px(pixels.shape) / _REFERENCE_PX
        angle = self.angle_deg
        if angle is None:
            angle = float(moment.generator(self.kind()).normal(0, 25))
        return _smeared(pixels, line_kernel(length, angle))

    def describe(self, severity: float) -> str:
        return f"{severity * self.longest_px:.3g} px of 640"


def line_kernel(length: float, angle_deg: float) -> NDArray[np.float32]:
    """The smear as weights (K, K) that sum to 1, K odd; the angle turns from right to down."""
    angle = np.radians(angle_deg)
    reach = int(np.ceil(length / 2)) + 1
    count = max(int(np.ceil(length * 8)), 1)
    along = ((np.arange(count) + 0.5) / count - 0.5) * length
    x, y = along * np.cos(angle) + reach, along * np.sin(angle) + reach
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weight = np.abs(1 - right - (x - left)) * np.abs(1 - below - (y - top))
        np.add.at(kernel, (top + below, left + right), weight)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _smeared(pixels: Pixels, kernel: NDArray[np.float32]) -> Pixels:
    """Convolve, the picture's edge repeated outside.

    OpenCV skips a small kernel's zeros but takes a large one to the frequency domain, which is
    slower for a thin line. So the kernel is cut along the line into small ones.
    """
    if abs(_slant(kernel)) > 1:
        turned = _smeared(np.ascontiguousarray(pixels.transpose(1, 0, 2)), kernel.T)
        return np.ascontiguousarray(turned.transpose(1, 0, 2))
    height, width = pixels.shape[:2]
    reach = kernel.shape[0] // 2
    padded = cv2.copyMakeBorder(pixels, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    total = np.zeros(pixels.shape, np.int16)
    for left in range(0, kernel.shape[1], _SEGMENT):
        columns = kernel[:, left : left + _SEGMENT]
        rows = np.flatnonzero(columns.any(1))
        if len(rows) == 0:
            continue
        top = int(rows[0])
        part = columns[top : int(rows[-1]) + 1] * _SCALE
        bottom, right = top + height + part.shape[0] - 1, left + width + part.shape[1] - 1
        view = padded[top:bottom, left:right]
        summed = cv2.filter2D(view, cv2.CV_16S, part, anchor=(0, 0))
        cv2.add(total, np.ascontiguousarray(summed[:height, :width]), dst=total)
    return np.asarray(cv2.convertScaleAbs(total, alpha=1 / _SCALE), np.uint8)


def _slant(kernel: NDArray[np.float32]) -> float:
    """How many rows the line rises per column."""
    rows, columns = np.nonzero(kernel)
    return float(np.ptp(rows) / max(float(np.ptp(columns)), 1))
