"""The agent's side of a capture process: start it, wait for pictures, end it whatever it does.

It is a fresh interpreter, not a fork: it inherits no lock, no thread and no model, and imports a
tenth of what the agent does. It leads a group of its own, so that what it starts goes with it,
and a Ctrl-C at the terminal reaches the agent alone.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import agent
from agent.cameras._capture.child import GRACE_S
from agent.cameras._capture.ring import Ring, Shot
from agent.cameras._capture.source import Source
from agent.cameras._spec import without_secrets

START_S: Final = 30.0
"""Seconds that a process has for its imports; a slow card takes several."""

_KILL_S: Final = 2.0  # one that is stuck in a driver is left behind after that
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from agent.cameras._capture.child import main; main(*map(int, sys.argv[2:]))"
)
_ROOT: Final = str(Path(agent.__file__).resolve().parent.parent)


class Lost(Exception):
    """The capture process has ended. ``reason`` and ``remedy`` as it told them; ``how``: ``ended``
    by itself, or ``died``.
    """

    def __init__(self, reason: str, remedy: str = "", how: str = "ended") -> None:
        super().__init__(reason)
        self.reason, self.remedy, self.how = reason, remedy, how


class Capture:
    """One capture process and the pictures that it makes. ``close`` it in any case.

    Raises ``Lost`` where the system has no process to give.
    ``dropped`` counts pictures that were overtaken by newer ones before they were taken.
    """

    def __init__(self, source: Source) -> None:
        self.born = time.monotonic()
        self.ready: float | None = None
        self.dropped = 0
        self.taken = 0
        self._last = 0
        self._ring: Ring | None = None
        self._said = b""
        self._end: tuple[str, str, str] | None = None  # what ``Lost`` takes
        self._memory = os.memfd_create("fieldproof-frames", os.MFD_CLOEXEC)
        self._pipe, theirs = os.pipe()
        try:
            self._process = self._start(theirs)
        except OSError as error:
            os.close(self._pipe)
            os.close(self._memory)
            raise Lost(f"no process can be started for it: {error.strerror}") from None
        finally:
            os.close(theirs)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._send(source)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, seconds: float) -> Shot | None:
        """The newest picture that was not taken yet, None where none comes within ``seconds``.

        Raises ``Lost`` when the process has ended and its last picture was taken.
        """
        until = time.monotonic() + seconds
        while True:
            self._listen(0)
            shot = self._ring.latest(self._last) if self._ring else None
            if shot is not None:
                return self._take(shot)
            if self._end is not None:
                raise Lost(*self._end)
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._listen(left)

    def overdue(self, asked: float, deadline_s: float) -> bool:
        """Whether a picture that was wanted since ``asked`` is late, after a fair start."""
        now = time.monotonic()
        if self.ready is None:
            return now - self.born > START_S
        return now - max(asked, self.ready) >= deadline_s

    def close(self, *, gently: bool = True) -> None:
        """End the process and all that it started. May be called twice.

        ``gently``: give the source a moment to close the camera in good order.
        """
        if self._pipe < 0:
            return
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        if gently:
            self._join(GRACE_S + 0.5)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._join(_KILL_S)
        os.close(self._pipe)
        os.close(self._memory)
        self._pipe = -1
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def _join(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _start(self, pipe: int) -> subprocess.Popen[bytes]:
        numbers = [str(number) for number in (self._memory, pipe, os.getpid())]
        return subprocess.Popen(
            [sys.executable, "-c", _BOOT, _ROOT, *numbers],
            stdin=subprocess.PIPE,
            # What libraries print may hold addresses with passwords; what matters is told.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._memory, pipe),
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # it multiplies no matrices
            start_new_session=True,
        )

    def _send(self, source: Source) -> None:
        """Over stdin, since a command line can be read by every user of the machine."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(pickle.dumps(source))
            self._process.stdin.flush()

    def _take(self, shot: Shot) -> Shot:
        self.dropped += shot.number - self._last - 1
        self.taken += 1
        self._last = shot.number
        return shot

    def _listen(self, seconds: float) -> None:
        """Read what the process has said, at most ``seconds`` later."""
        if self._end is not None or not self._poll.poll(1000 * seconds):
            return
        said = os.read(self._pipe, 65536)
        if not said:
            self._end = self._death()
            return
        *lines, self._said = (self._said + said).split(b"\n")
        for line in filter(None, lines):
            self._heed(json.loads(line))

    def _heed(self, words: dict[str, Any]) -> None:
        if "ready" in words:
            self.ready = time.monotonic()
        elif "capacity" in words:
            self._ring = Ring(self._memory, int(words["capacity"]))
        elif "lost" in words:
            reason = without_secrets(str(words["lost"]))  # it may quote what a program said
            self._end = reason, str(words.get("remedy", "")), "ended"

    def _death(self) -> tuple[str, str, str]:
        self._join(_KILL_S)
        code = self._process.returncode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return f"its capture process was ended by {name}", "", "died"
        return f"its capture process ended with code {code}", "", "died"
