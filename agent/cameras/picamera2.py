"""A Raspberry Pi's own camera, through libcamera's Picamera2."""

from __future__ import annotations

from pydantic import Field

from agent.cameras import Selection
from agent.cameras._capture.picamera2 import Picamera2Source
from agent.cameras._capture.source import Source
from agent.cameras._live import LiveCamera, LiveOptions
from agent.cameras._spec import parse_options
from agent.errors import UsageError


class _Options(LiveOptions):
    width: int = Field(default=1280, ge=16, le=16384, description="px")
    height: int = Field(default=720, ge=16, le=16384, description="px")
    fps: float = Field(default=30.0, gt=0, le=1000, description="frames/s")


class Picamera2(LiveCamera):
    """``picamera2:0,width=1280,height=720,fps=30``: the number is libcamera's, 0 where left out.

    Frames carry the tags ``exposure_us``, ``gain`` and ``white_balance_k`` of their own exposure.
    """

    def __init__(self, number: int = 0, options: str = "") -> None:
        self._options = parse_options("picamera2", options, _Options)
        self._number = number
        super().__init__(f"picamera2:{number}", self._options)

    @classmethod
    def open(cls, text: str, selection: Selection) -> Picamera2:
        number, _, options = text.partition(",")
        if number.strip() and not number.strip().isdigit():
            raise UsageError(
                f"picamera2: {number!r} is no number of a camera.",
                remedy="Write it as picamera2:0,width=1280,height=720.",
            )
        return cls(int(number.strip() or 0), options)

    def _source(self) -> Source:
        wanted = self._options
        return Picamera2Source(self._number, wanted.width, wanted.height, wanted.fps)

    def _remedy(self) -> str:
        return (
            "See that the ribbon cable is in, that no other program holds the camera and that this "
            "user may use it (group video); `rpicam-hello --list-cameras` lists what there is."
        )
