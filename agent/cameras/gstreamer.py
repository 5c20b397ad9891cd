"""Any GStreamer pipeline, among them the camera of a Jetson.

The pipeline runs in ``gst-launch-1.0`` and not in OpenCV: pip's OpenCV is built without GStreamer,
and a plugin that crashes or hangs takes nothing else with it.
"""

from __future__ import annotations

import re
import shlex
import shutil
from fractions import Fraction
from typing import Final

from pydantic import Field

from agent.cameras import Selection
from agent.cameras._capture.source import Source
from agent.cameras._capture.y4m import PIPE, ProgramSource
from agent.cameras._live import LiveCamera, LiveOptions
from agent.cameras._spec import parse_options, without_secrets
from agent.errors import CameraError, UsageError

PROGRAM: Final = "gst-launch-1.0"
JETSON: Final = "nvarguscamerasrc"

_LONGEST_NAME: Final = 60  # characters of a pipeline in messages

# The newest picture only, in the colours that the conversion to RGB assumes.
_TAIL: Final = (
    "queue max-size-buffers=1 leaky=downstream",
    "videoconvert",
    "video/x-raw,format=I420,colorimetry=bt601",
    "y4menc",
    f"fdsink fd={PIPE} sync=false",
)


class _Jetson(LiveOptions):
    sensor_id: int = Field(default=0, ge=0, le=15, description="camera port")
    mode: int = Field(default=-1, ge=-1, le=63, description="the sensor's mode, -1: any")
    width: int = Field(default=1280, ge=16, le=16384, description="px")
    height: int = Field(default=720, ge=16, le=16384, description="px")
    fps: float = Field(default=30.0, gt=0, le=1000, description="frames/s")
    flip: int = Field(default=0, ge=0, le=7, description="nvvidconv's flip-method")

    def pipeline(self) -> str:
        rate = Fraction(self.fps).limit_denominator(1001)
        return (
            f"{JETSON} sensor-id={self.sensor_id} sensor-mode={self.mode} ! "
            f"video/x-raw(memory:NVMM),width={self.width},height={self.height},"
            f"framerate={rate.numerator}/{rate.denominator},format=NV12 ! "
            f"nvvidconv flip-method={self.flip} ! video/x-raw,format=I420"
        )


class Gstreamer(LiveCamera):
    """``gstreamer:PIPELINE``, as ``gst-launch-1.0`` takes it, up to raw video without a sink.

    Options stand behind a ``|``: ``gstreamer:v4l2src ! jpegdec | deadline=10``. On a Jetson
    ``gstreamer:nvarguscamerasrc,sensor_id=0,mode=-1,width=1280,height=720,fps=30,flip=0`` is the
    pipeline for its camera. Messages hide passwords, the system's list of processes does not.
    Raises ``CameraError`` where GStreamer's tools are not installed.
    """

    def __init__(self, pipeline: str, options: LiveOptions | None = None) -> None:
        self.pipeline = pipeline
        self._words = _words(pipeline)
        name = f"gstreamer:{without_secrets(pipeline)}"
        name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
        super().__init__(name, options or LiveOptions())
        if shutil.which(PROGRAM) is None:
            raise CameraError(
                f"The program {PROGRAM} is not installed.",
                remedy="Run: sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base "
                "gstreamer1.0-plugins-good",
            )

    @classmethod
    def open(cls, text: str, selection: Selection) -> Gstreamer:
        if re.fullmatch(rf"{JETSON}(,.*)?", text):
            ready = parse_options("gstreamer", text.partition(",")[2], _Jetson)
            return cls(ready.pipeline(), ready)
        pipeline, _, options = text.partition("|")
        return cls(pipeline.strip(), parse_options("gstreamer", options, LiveOptions))

    def _source(self) -> Source:
        return ProgramSource((PROGRAM, "-q", *self._words, "!", *_words(" ! ".join(_TAIL))))

    def _remedy(self) -> str:
        return f"Try it by itself: {PROGRAM} {without_secrets(self.pipeline)} ! fakesink"


def _words(pipeline: str) -> tuple[str, ...]:
    """The pipeline's words, by a shell's rules of quoting."""
    try:
        words = tuple(shlex.split(pipeline))
    except ValueError as error:
        raise UsageError(f"gstreamer: the pipeline cannot be read: {error}.") from None
    if not words or words[-1] == "!":
        raise UsageError(
            f"gstreamer: {pipeline!r} is no pipeline.",
            remedy="Write it up to raw video: gstreamer:v4l2src ! videoconvert",
        )
    return words
