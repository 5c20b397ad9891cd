"""Skew and wobble: the rows of a picture are read one after the other while the camera moves."""

from __future__ import annotations

import math
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._camera_view import focal_px
from agent.perturbations.in_sensor._readout import row_time_s, row_times_s
from agent.values import Pixels

_REFERENCE_PX: Final = 640
_READOUT_S: Final = 0.02
_FINE: Final = 32  # steps of a pixel in OpenCV's fixed-point maps
_NOMINAL: Final = Moment()


class RollingShutter(Perturbation):
    """Uprights lean and waver: rows are read in turn while the camera turns and shakes.

    Turning at w rad/s moves the picture by f w t while t passes: rows are displaced in
    proportion to the time at which they are read. Severity is that motion over the read-out of a
    whole frame of 20 ms, in proportion, up to ``skew_px`` on a picture 640 px wide (f = 640 px;
    wider ones in proportion, smaller ones are crops of it): 20 px are 1.6 rad/s, a hard turn, or a
    sign 3 m beside the road seen from 7 m at 100 km/h. Another sensor's read-out time scales it.
    ``wobble_px`` is the amplitude of a sideways vibration of ``vibration_hz`` (60 Hz: an engine at
    1800 / min fires so often), which has the phase of ``time_s``. The seed says which way the
    camera turns. The target's middle row (the picture's, where there is no target) stays where it
    is, so a box keeps its place but its corners are displaced, by ``displacement_px``; what truth
    there is is not moved.
    """

    motion: ClassVar[Motion] = "moving"

    skew_px: float = Field(20.0, ge=0, le=200)
    wobble_px: float = Field(2.0, ge=0, le=40)
    vibration_hz: float = Field(60.0, gt=0, le=500)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        return _slid(pixels, self.displacement_px(pixels.shape, severity, moment))

    def displacement_px(
        self, shape: tuple[int, ...], severity: float, moment: Moment
    ) -> NDArray[np.float64]:
        """How far each row of a picture (H, W, ...) is moved to the right, (H,)."""
        chance = moment.generator(self.kind())
        way = 1.0 if chance.random() < 0.5 else -1.0
        turn = 2 * math.pi * chance.random()
        grain = severity * focal_px(shape) / _REFERENCE_PX
        times = row_times_s(shape, moment)
        fixed = moment.time_s + _middle_row(shape, moment) * row_time_s(shape, moment)
        skew = way * self.skew_px * (times - fixed) / _READOUT_S
        rate = 2 * math.pi * self.vibration_hz
        wobble = np.sin(rate * times + turn) - math.sin(rate * fixed + turn)
        return np.asarray(grain * (skew + self.wobble_px * wobble))

    def describe(self, severity: float) -> str:
        skew, wobble = severity * self.skew_px, severity * self.wobble_px
        over = f"over {_NOMINAL.sensor.readout_s * 1e3:.0f} ms of read-out"
        return f"{skew:.3g} px of 640 {over}, ±{wobble:.2g} px at {self.vibration_hz:.0f} Hz"


def _middle_row(shape: tuple[int, ...], moment: Moment) -> float:
    if moment.quad is not None:
        middle = sum(y for _, y in moment.quad) / 4
    else:
        middle = shape[0] / 2 if moment.region is None else moment.region.centre[1]
    return min(max(middle, 0.0), float(shape[0]))


def _slid(pixels: Pixels, shifts: NDArray[np.float64]) -> Pixels:
    """Rows moved to the right by ``shifts`` (H,), to a thirty-second of a pixel; the picture's
    edge is repeated outside."""
    height, width = pixels.shape[:2]
    limit = float(width + 2)
    from_px = np.rint(np.clip(-shifts, -limit, limit) * _FINE).astype(np.int32)
    whole, part = from_px >> 5, from_px & (_FINE - 1)
    place = np.empty((height, width, 2), np.int16)
    np.add(whole[:, None], np.arange(width), out=place[..., 0], casting="unsafe")
    place[..., 1] = np.arange(height)[:, None]
    parts = np.ascontiguousarray(np.broadcast_to(part.astype(np.uint16)[:, None], (height, width)))
    moved = cv2.remap(pixels, place, parts, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
