"""The capture process: reads one source into the ring until it ends, or its agent does.

It tells the agent by lines on a pipe: an empty one for each picture, else a JSON object. It
never waits for the agent: a full pipe means that enough was said.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import closing, suppress
from typing import Any, Final, cast

import cv2

from agent.cameras._capture.mortal import end_with_parent
from agent.cameras._capture.ring import Ring
from agent.cameras._capture.source import Source
from agent.cameras._opencv import silence
from agent.errors import CameraError
from agent.memory import bound, settle

GRACE_S: Final = 1.0
"""Seconds that a source has to close itself in good order."""


SETTLED: Final = 10
"""Pictures after which a source has loaded whatever it uses."""


def main(memory: int, pipe: int, agent: int) -> None:
    """Capture into ``memory``, telling of it on ``pipe``; ``agent`` is the parent's process id."""
    _die_with(agent)
    os.set_blocking(pipe, False)
    bound()
    cv2.setNumThreads(1)
    silence()
    ending = threading.Event()
    try:
        source = cast(Source, pickle.load(sys.stdin.buffer))
        threading.Thread(target=_follow, args=(ending,), daemon=True).start()
        _say(pipe, ready=True)
        _capture(source, memory, pipe, ending)
        _say(pipe, lost="the stream ended")
    except CameraError as error:
        _say(pipe, lost=error.message, remedy=error.remedy)
    except cv2.error:  # its text may quote an address with its password
        _say(pipe, lost="OpenCV failed on what it sent")
    except Exception as error:
        _say(pipe, lost=f"{type(error).__name__}: {error}"[:300])


def _capture(source: Source, memory: int, pipe: int, ending: threading.Event) -> None:
    ring: Ring | None = None
    written = 0
    with closing(cast(Any, source.pictures())) as pictures:
        for raw in pictures:
            now, wall = time.monotonic_ns(), time.time_ns()
            if ending.is_set():
                return
            if ring is None:
                capacity = 3 * raw.height * raw.width
                ring = Ring.create(memory, capacity)
                _say(pipe, capacity=capacity)
            ring.write(raw, now, wall)
            _tell(pipe, b"\n")
            written += 1
            if written == SETTLED:
                settle()


def _die_with(agent: int) -> None:
    """Have the kernel end this process with its parent, also one that is stopped or stuck.

    The signal is bound to the parent's thread; ``_follow`` is to the process as a whole.
    """
    end_with_parent()
    if os.getppid() != agent:
        os._exit(1)


def _follow(ending: threading.Event) -> None:
    """Wait for the end of stdin, which the agent holds open for as long as it wants pictures."""
    with suppress(OSError):
        while os.read(0, 1):
            pass
    ending.set()
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _say(pipe: int, **words: object) -> None:
    _tell(pipe, json.dumps(words).encode() + b"\n")


def _tell(pipe: int, line: bytes) -> None:
    with suppress(BlockingIOError):
        os.write(pipe, line)
