"""The picture that perturbations are timed on: a drawn road scene with a stop sign 64 px wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.cameras._open import open_camera
from agent.values import Box, Frame, Pixels, TrueObject

SIZES: Final = ((224, 224), (640, 480), (1280, 720))
"""Widths and heights in pixels."""
SIGN_PX: Final = 64

# At 1600 px and 50 degrees a 76.2 cm sign is 64 px wide at about 20 m.
_DRIVE: Final = "drive_by:width=1600,height=1000,distance=20.4,end=19.4,noise=2"


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and the sign's place in it."""

    pixels: Pixels
    region: Box

    @property
    def size(self) -> str:
        return f"{self.pixels.shape[1]}x{self.pixels.shape[0]}"


def scenes() -> list[Scene]:
    """The same scene cut to each of the sizes, the sign near its middle."""
    with open_camera(_DRIVE) as camera:
        frame = next(iter(camera.frames()))
    return [_cut(frame, width, height) for width, height in SIZES]


def _cut(frame: Frame, width: int, height: int) -> Scene:
    box = _sign(frame)
    left = _start(box.centre[0], width, frame.width)
    top = _start(box.centre[1], height, frame.height)
    pixels = frame.pixels[top : top + height, left : left + width].copy()
    pixels.flags.writeable = False
    moved = Box(box.x0 - left, box.y0 - top, box.x1 - left, box.y1 - top)
    return Scene(pixels, moved)


def _sign(frame: Frame) -> Box:
    things: tuple[TrueObject, ...] = frame.truth.objects if frame.truth else ()
    return next(thing.box for thing in things if thing.box)


def _start(middle: float, wanted: int, whole: int) -> int:
    return min(max(round(middle - wanted / 2), 0), whole - wanted)
