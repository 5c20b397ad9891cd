"""A live camera for tests: a real program that writes pictures as it is told.

The script is a list of steps ``SIZE:WHAT:COUNT``: so many pictures of 64x48 px, say, that are
``noise`` (each another), ``still`` (noise, always the same), ``black`` or ``half`` (the lower half
mid-grey); ``hang`` waits for ever. Endless where COUNT is 0.
"""

from __future__ import annotations

import sys
from typing import Final

from agent.cameras import Selection
from agent.cameras._capture.source import Source
from agent.cameras._capture.y4m import PIPE, ProgramSource
from agent.cameras._live import LiveCamera, LiveOptions
from agent.cameras._spec import parse_options

PROGRAM: Final = """
import itertools, os, sys, time
out = open(int(sys.argv[1]), "wb", buffering=0)
still = None
size = ""
for step in sys.argv[2:]:
    wanted, what, count = step.split(":")
    if what == "hang":
        time.sleep(1000)
    if wanted != size:
        size = wanted
        width, height = map(int, size.split("x"))
        still = os.urandom(width * height)
        out.write(f"YUV4MPEG2 W{width} H{height} F50:1 C420\\n".encode())
    chroma = bytes([128]) * (width * height // 2)
    for number in range(int(count)) if int(count) else itertools.count():
        luma = os.urandom(width * height)
        if what == "still":
            luma = still
        elif what == "black":
            luma = bytes([16]) * (width * height)
        elif what == "half":
            luma = luma[: width * height // 2] + bytes([126]) * (width * height // 2)
        out.write(b"FRAME\\n" + luma + chroma)
        time.sleep(0.02)
"""


class Scripted(LiveCamera):
    """Each connection runs the whole script."""

    def __init__(self, *script: str, options: str = "") -> None:
        self.script = script
        super().__init__("scripted", parse_options("scripted", options, LiveOptions))

    @classmethod
    def open(cls, text: str, selection: Selection) -> Scripted:
        return cls(*text.split())

    def _source(self) -> Source:
        return ProgramSource((sys.executable, "-c", PROGRAM, PIPE, *self.script))

    def _remedy(self) -> str:
        return "Mend the script."
