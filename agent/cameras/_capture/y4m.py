"""A source that is a program: it writes YUV4MPEG2 (8-bit 4:2:0) on a pipe of its own.

The format says its own size, costs half the bytes of RGB, and is what cameras have anyway.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

import cv2
import numpy as np

from agent.cameras._capture.mortal import end_with_parent
from agent.cameras._capture.ring import LARGEST
from agent.cameras._capture.source import Raw, Source
from agent.errors import CameraError
from agent.values import Pixels

PIPE: Final = "{pipe}"
"""Stands in the program's words for the number of the pipe to write to."""

_END_S: Final = 0.7
_MAGIC: Final = b"YUV4MPEG2"


@dataclass(frozen=True, slots=True)
class ProgramSource(Source):
    """The words of a command line, one of which holds ``PIPE``."""

    words: tuple[str, ...]

    def pictures(self) -> Iterator[Raw]:
        read_end, write_end = os.pipe()
        with open(read_end, "rb") as stream:
            try:
                program = self._start(write_end)
            finally:
                os.close(write_end)
            said: deque[str] = deque(maxlen=20)
            listener = threading.Thread(target=_listen, args=(program, said), daemon=True)
            listener.start()
            try:
                yield from read_y4m(stream)
            finally:
                _end(program)
                listener.join(_END_S)
            raise CameraError(_complaint(said))

    def _start(self, pipe: int) -> subprocess.Popen[bytes]:
        words = [word.replace(PIPE, str(pipe)) for word in self.words]
        try:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # plugins of cameras chatter there
                stderr=subprocess.PIPE,
                pass_fds=(pipe,),
                preexec_fn=end_with_parent,
            )
        except OSError as error:
            raise CameraError(f"{words[0]} cannot be started: {error.strerror}") from None


def read_y4m(stream: BinaryIO) -> Iterator[Raw]:
    """Pictures of a YUV4MPEG2 stream until it ends, a cut-off last one left out.

    Raises ``CameraError`` for what is no such stream, or another subsampling than 4:2:0.
    """
    buffer = np.empty((0, 0), np.uint8)
    height = width = 0
    while line := stream.readline(256):
        if line.startswith(_MAGIC):
            height, width = _size(line)
            buffer = np.empty((height * 3 // 2, width), np.uint8)
        elif not line.startswith(b"FRAME") or not height:
            raise CameraError("what it sends is no YUV4MPEG2")
        elif not _fill(stream, buffer):
            return
        else:
            yield Raw(buffer, height, width, cv2.COLOR_YUV2RGB_I420)


def _size(line: bytes) -> tuple[int, int]:
    """Height and width in px from a stream's header."""
    fields = {word[:1]: word[1:] for word in line.decode("ascii", "replace").split()[1:]}
    try:
        width, height = int(fields["W"]), int(fields["H"])
    except (KeyError, ValueError):
        raise CameraError("the header of its YUV4MPEG2 has no size") from None
    if not fields.get("C", "420").startswith("420") or "p1" in fields.get("C", ""):
        raise CameraError(f"its YUV4MPEG2 is {fields['C']}, not 8-bit 4:2:0")
    # GStreamer pads rows to four bytes, those of the halved chroma too, and says nothing of it.
    if not (0 < width <= LARGEST and 0 < height <= LARGEST) or width % 8 or height % 2:
        raise CameraError(
            f"its pictures are {width} x {height} px",
            remedy="Ask for a width that 8 divides and an even height: "
            "... ! videoscale ! video/x-raw,width=640,height=480",
        )
    return height, width


def _fill(stream: BinaryIO, buffer: Pixels) -> bool:
    view = buffer.reshape(-1).data
    done = 0
    while done < len(view):
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            return False
        done += count
    return True


def _listen(program: subprocess.Popen[bytes], said: deque[str]) -> None:
    assert program.stderr is not None
    for line in program.stderr:
        said.append(line.decode(errors="replace").strip())


def _end(program: subprocess.Popen[bytes]) -> None:
    """End a program, first with the signal on which it closes its camera in good order."""
    with suppress(ProcessLookupError):
        program.send_signal(signal.SIGINT)
    try:
        program.wait(_END_S)
    except subprocess.TimeoutExpired:
        program.kill()


def _complaint(said: deque[str]) -> str:
    """What a program said last about an error."""
    errors = [line for line in said if "error" in line.lower()] or list(said)
    return errors[0][:300] if errors else "the stream ended"
