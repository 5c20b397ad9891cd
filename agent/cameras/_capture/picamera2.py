"""The source of a Raspberry Pi's own camera, through libcamera's Picamera2."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.cameras._capture.source import Raw, Source
from agent.errors import CameraError


@dataclass(frozen=True, slots=True)
class Picamera2Source(Source):
    """Camera ``number`` as libcamera counts, at a size in px and a rate in frames/s."""

    number: int
    width: int
    height: int
    fps: float

    def pictures(self) -> Iterator[Raw]:
        device = self._open()
        try:
            # Picamera2 names formats by the order in a little-endian word: this one is R, G, B.
            main = {"size": (self.width, self.height), "format": "BGR888"}
            device.configure(
                device.create_video_configuration(main=main, controls={"FrameRate": self.fps})
            )
            device.start()
            while True:
                request = device.capture_request()
                try:
                    pixels, metadata = request.make_array("main"), request.get_metadata()
                finally:
                    request.release()
                height, width = pixels.shape[:2]
                yield Raw(pixels, height, width, None, told(metadata))
        finally:
            device.close()

    def _open(self) -> Any:
        try:
            package = importlib.import_module("picamera2")
        except ImportError as error:
            raise CameraError(
                f"the package picamera2 cannot be imported ({error})",
                remedy="Run: sudo apt install python3-picamera2, and make the virtual environment "
                "with --system-site-packages, of the Python that apt has.",
            ) from None
        try:
            return package.Picamera2(self.number)
        except IndexError:
            raise CameraError(
                f"libcamera finds no camera {self.number}",
                remedy="See that the ribbon cable is in; `rpicam-hello --list-cameras` lists them.",
            ) from None
        except RuntimeError as error:
            raise CameraError(f"libcamera cannot open it: {error}") from None


def told(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Exposure in us, gain (analogue times digital) and white balance in K of this very frame."""
    known = {}
    if "ExposureTime" in metadata:
        known["exposure_us"] = f"{metadata['ExposureTime']:g}"
    if "AnalogueGain" in metadata:
        known["gain"] = f"{metadata['AnalogueGain'] * metadata.get('DigitalGain', 1.0):.4g}"
    if "ColourTemperature" in metadata:
        known["white_balance_k"] = f"{metadata['ColourTemperature']:g}"
    return known
