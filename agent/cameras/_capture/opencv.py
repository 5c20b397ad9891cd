"""Sources that OpenCV reads: V4L2 devices, and streams through FFmpeg."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2

from agent.cameras._capture.source import Raw, Source
from agent.errors import CameraError

_TELL_S: Final = 0.5
"""Seconds between two looks at a driver's controls: each is a transfer on the camera's bus."""

_PATIENCE_MS: Final = 5000


@dataclass(frozen=True, slots=True)
class V4l2Source(Source):
    """A device node in a mode that is asked for; the driver gives the nearest that it has."""

    device: str
    width: int
    height: int
    fps: float
    format: str

    def pictures(self) -> Iterator[Raw]:
        capture = cv2.VideoCapture(self.device, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise CameraError(f"{self.device} cannot be opened")
        try:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*self.format))
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.height)
            capture.set(cv2.CAP_PROP_FPS, self.fps)
            yield from _read(capture, told=True)
        finally:
            capture.release()


@dataclass(frozen=True, slots=True)
class StreamSource(Source):
    """An address that FFmpeg reads. It may hold a password, so it is not in any message."""

    address: str

    def pictures(self) -> Iterator[Raw]:
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            _PATIENCE_MS,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            _PATIENCE_MS,
        ]
        capture = cv2.VideoCapture(self.address, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise CameraError("it cannot be opened")
        try:
            yield from _read(capture, told=False)
        finally:
            capture.release()


def _read(capture: Any, *, told: bool) -> Iterator[Raw]:
    """Pictures until a read fails, with the driver's controls where it has some."""
    picture: Any = None
    tags: Mapping[str, str] = {}
    looked = -_TELL_S
    while True:
        good, picture = capture.read(picture)
        if not good or picture is None:
            return
        if told and time.monotonic() - looked >= _TELL_S:
            looked, tags = time.monotonic(), controls(capture)
        height, width = picture.shape[:2]
        yield Raw(picture, height, width, cv2.COLOR_BGR2RGB, tags)


def controls(capture: Any) -> dict[str, str]:
    """Exposure, gain and white balance as the driver tells them; what it does not know is left out.

    Exposure is in units of 100 us (V4L2's absolute exposure time), the white balance in kelvin,
    the gain in the driver's own units.
    """
    exposure = capture.get(cv2.CAP_PROP_EXPOSURE)
    gain = capture.get(cv2.CAP_PROP_GAIN)
    white = capture.get(cv2.CAP_PROP_WB_TEMPERATURE)
    known = {}
    if exposure > 0:
        known["exposure_us"] = f"{100 * exposure:g}"
    if gain >= 0:
        known["gain"] = f"{gain:g}"
    if white > 0:
        known["white_balance_k"] = f"{white:g}"
    return known
