"""A camera of this machine, through Video4Linux2."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field

from agent.cameras import Selection
from agent.cameras._capture.opencv import V4l2Source
from agent.cameras._capture.source import Source
from agent.cameras._live import LiveCamera, LiveOptions
from agent.cameras._spec import parse_options
from agent.errors import CameraError

_DEVICES: Final = Path("/dev")


class _Options(LiveOptions):
    width: int = Field(default=1280, ge=16, le=16384, description="px")
    height: int = Field(default=720, ge=16, le=16384, description="px")
    fps: float = Field(default=30.0, gt=0, le=1000, description="frames/s")
    format: str = Field(default="MJPG", pattern="^[A-Za-z0-9 ]{4}$", description="four letters")


class V4l2(LiveCamera):
    """``v4l2:/dev/video0,width=1280,height=720,fps=30,format=MJPG``, or an index for the path.

    Size, rate and format are asked for; the driver gives the nearest that it has. MJPG is the
    default because USB 2 carries 720p at 30 frames/s only compressed. Raises ``CameraError``
    that names the devices present when the one asked for is not there.
    """

    def __init__(self, device: str, options: str = "") -> None:
        self.device = Path(f"/dev/video{device}" if device.isdigit() else device or "/dev/video0")
        self._options = parse_options("v4l2", options, _Options)
        super().__init__(str(self.device), self._options)
        if not self.device.exists():
            raise CameraError(f"There is no camera {self.device}.", remedy=_present())

    @classmethod
    def open(cls, text: str, selection: Selection) -> V4l2:
        device, _, options = text.partition(",")
        return cls(device.strip(), options)

    def _source(self) -> Source:
        wanted = self._options
        return V4l2Source(str(self.device), wanted.width, wanted.height, wanted.fps, wanted.format)

    def _remedy(self) -> str:
        return (
            "See that no other program holds it and that this user may read it "
            f"(group video). {_present()}"
        )


def _present() -> str:
    names = sorted(str(path) for path in _DEVICES.glob("video*"))
    if names:
        return f"Cameras present: {', '.join(names)}."
    return "There is no /dev/video* at all: plug a camera in, or give the container the device."
