"""Picamera2's interface as far as the agent uses it, for machines without libcamera.

Written from Picamera2's manual and source (0.3.x): names, argument names, the order of calls, what
a request holds, and the IndexError where no camera is found. Not a recording of a device.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

CAMERAS = 1
BUFFERS = 4


class Request:
    def __init__(self, owner: Picamera2, number: int) -> None:
        self._owner, self._number = owner, number
        owner.lent += 1

    def make_array(self, name: str) -> np.ndarray:
        assert name == "main"
        width, height = self._owner.main["size"]
        pixels = np.random.default_rng(self._number).integers(0, 40, (height, width, 3), np.uint8)
        pixels[..., 0] += 200  # "BGR888" is red first in memory
        return pixels

    def get_metadata(self) -> dict[str, Any]:
        return {
            "SensorTimestamp": 1_000_000_000 + 33_333_000 * self._number,
            "ExposureTime": 9994 + self._number,
            "AnalogueGain": 2.0,
            "DigitalGain": 1.5,
            "ColourGains": (1.9, 1.6),
            "ColourTemperature": 4510,
            "FrameDuration": 33333,
            "Lux": 421.7,
        }

    def release(self) -> None:
        self._owner.lent -= 1


class Picamera2:
    def __init__(self, camera_num: int = 0) -> None:
        if camera_num >= CAMERAS:
            raise IndexError("list index out of range")
        self.lent = self._number = 0
        self.main: dict[str, Any] = {}
        self._state = "open"

    def create_video_configuration(self, main: dict[str, Any], controls: dict[str, Any]) -> Any:
        assert set(main) == {"size", "format"}
        assert main["format"] == "BGR888"
        assert controls["FrameRate"] > 0
        return {"main": main, "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        assert self._state == "open"
        self.main, self._state = configuration["main"], "configured"

    def start(self) -> None:
        assert self._state == "configured"
        self._state = "started"

    def capture_request(self) -> Request:
        assert self._state == "started"
        if self.lent >= BUFFERS:
            time.sleep(1000)  # libcamera has no buffer left and waits for one
        time.sleep(0.02)
        self._number += 1
        return Request(self, self._number)

    def close(self) -> None:
        self._state = "closed"
