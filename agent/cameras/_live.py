"""What live cameras share: a capture process, a deadline per frame, and starting it anew.

The picture that is taken is always the newest one; those that it overtook are counted as dropped.
A capture that hangs, dies, ends or sends one picture for ever is ended and begun anew, after pauses
drawn from [0, longest], where the longest doubles: many devices that lose one server do not all
come back to it at once.
"""

from __future__ import annotations

import random
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from agent.cameras import Camera
from agent.cameras._capture.process import Capture, Lost
from agent.cameras._capture.ring import Shot
from agent.cameras._capture.source import Source
from agent.cameras._health import Health
from agent.cameras._tell import Teller
from agent.errors import CameraError
from agent.values import Fault, Frame

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
SETTLED_S: Final = 10.0
"""Seconds of pictures after which a capture counts as good: its loss is the first one again."""

_SLICE_S: Final = 0.25
"""Seconds within which a wait heeds that the camera is closed, or a run stopped."""

RENEW_S: Final = 60.0
"""Seconds for which a capture may send frozen frames before it is begun anew."""

RENEW_BLACK_S: Final = 600.0
"""The same of black frames: it may be night, and a capture that is begun anew each minute of it
costs power and sees no more.
"""


class LiveOptions(BaseModel):
    """The options that all live cameras have."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    deadline: float = Field(
        default=5.0, gt=0, le=600, description="s without a frame until the capture begins anew"
    )
    give_up: float = Field(
        default=0.0, ge=0, le=1e6, description="s without a frame until the run ends, 0: never"
    )
    frozen: float = Field(
        default=10.0, gt=0, le=86400, description="s of identical frames that are a still scene"
    )


class LiveCamera(Camera):
    """Frames as they come, from a process that is begun anew when it fails.

    The first frame must come within the deadline, else ``CameraError``. Later a frame with the
    fault ``absent`` is yielded whenever the deadline has passed without one, so that a loop goes
    on with its other duties. ``name`` stands for the camera in messages and frames and must hold
    no secret. ``frames`` may be called once.
    """

    live: ClassVar[bool] = True

    def __init__(self, name: str, options: LiveOptions) -> None:
        super().__init__()
        self.name = name
        self.options = options
        self.connections = 0
        self._capture: Capture | None = None
        self._closed = False
        self._dropped = 0
        self._tries = 0
        self._resume = 0.0
        self._waiting: float | None = None  # since when no frame has come; None before the start
        self._black: float | None = None  # since when all frames have been black
        self._reason, self._remedy_told = "it does not answer", ""
        self._last: Shot | None = None
        self._health = Health(options.frozen)
        self._tell = Teller(name)
        self.heed(threading.Event())

    @abstractmethod
    def _source(self) -> Source:
        """What the capture process reads."""

    def _remedy(self) -> str:
        """What to do when no frames come."""
        return ""

    @property
    def dropped(self) -> int:
        """Pictures that newer ones overtook before they were taken."""
        return self._dropped + (self._capture.dropped if self._capture else 0)

    @property
    def capture_pid(self) -> int:
        """The capture process's id; 0 while there is none."""
        return self._capture.pid if self._capture else 0

    def frames(self) -> Iterator[Frame]:
        start, index = time.monotonic(), 0
        while not self._ended:
            shot = self._next()
            if self._ended:
                return
            if shot is None and self._last is None:
                continue
            frame = self._frame(shot, index, start)
            self._renew(frame.fault)
            yield frame
            index += 1

    def readings(self) -> dict[str, float]:
        known = super().readings()
        known["camera_dropped"] = self.dropped
        known["camera_restarts"] = max(0, self.connections - 1)
        for name, text in self._last.tags.items() if self._last else ():
            known[f"camera_{name}"] = float(text)
        return known

    def heed(self, stop: threading.Event, waiting: Callable[[], object] = lambda: None) -> None:
        self._stop, self._while_waiting = stop, waiting

    def close(self) -> None:
        self._closed = True
        if self._capture is not None:
            self._dropped += self._capture.dropped
            self._capture.close()
            self._capture = None

    @property
    def _ended(self) -> bool:
        return self._closed or self._stop.is_set()

    def _next(self) -> Shot | None:
        """The newest picture; None where the deadline passed without one, or the camera was closed.

        Raises ``CameraError`` where none has ever come, or none for as long as the options say.
        """
        asked = time.monotonic()
        while not self._ended and time.monotonic() - asked < self.options.deadline:
            try:
                shot = self._wait(asked)
            except Lost as lost:
                self._lose(lost)
                continue
            if shot is not None:
                self._last, self._waiting = shot, time.monotonic()
                return shot
            self._give_up_in_time()
            self._while_waiting()
        return None

    def _wait(self, asked: float) -> Shot | None:
        """A picture, or None after a short while. Raises ``Lost``."""
        capture = self._capture
        if capture is None:
            if time.monotonic() < self._resume:
                time.sleep(min(_SLICE_S, self._resume - time.monotonic()))
                return None
            capture = self._capture = Capture(self._source())
        seen = capture.taken
        shot = capture.wait(min(_SLICE_S, self.options.deadline))
        if capture.ready is not None and self._waiting is None:
            self._waiting = capture.ready
        if shot is None and capture.overdue(asked, self.options.deadline):
            raise Lost(f"it has sent nothing for {self.options.deadline:g} s", how="hung")
        self.connections += shot is not None and not seen
        return shot

    def _lose(self, lost: Lost) -> None:
        """End the capture, and draw the pause until the next one."""
        capture, self._capture = self._capture, None
        if capture is not None:
            self._dropped += capture.dropped
            capture.close(gently=lost.how != "hung")
            if capture.taken and time.monotonic() - capture.born > SETTLED_S:
                self._tries = 0
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._tries)
        self._resume = time.monotonic() + random.uniform(0, longest)
        self._tries = min(self._tries + 1, 16)
        self._reason, self._remedy_told = lost.reason, lost.remedy
        if self._waiting is None:
            self._waiting = capture.born if capture else time.monotonic()
        self.faults[lost.how] += 1
        if self._last is not None:
            self._tell.lost(lost.reason)
        self._give_up_in_time()

    def _give_up_in_time(self) -> None:
        if self._waiting is None:
            return
        silent = time.monotonic() - self._waiting
        limit = self.options.give_up if self._last else self.options.deadline
        hopeless = self._last is None and self._remedy_told
        if hopeless or (limit and silent >= limit):
            self.close()
            raise CameraError(
                f"No frame from {self.name} for {silent:.1f} s: {self._reason}.",
                remedy=self._remedy_told or self._remedy(),
            )

    def _frame(self, shot: Shot | None, index: int, start: float) -> Frame:
        """The frame of a shot; one that holds nothing where none came in time."""
        fault: Fault = "absent"
        if shot is None:
            assert self._last is not None
            nothing = np.zeros_like(self._last.pixels)
            shot = Shot(nothing, 0, time.monotonic(), time.time(), {})
        else:
            fault = self._health.fault(shot.pixels, shot.monotonic)
            self._tell.came(fault)
        if fault:
            self.faults[fault] += 1
            self.rejected[f"{self.name}, {fault}"] = f"{self.faults[fault]} frames."
        return Frame(
            shot.pixels,
            index,
            self.name,
            self.name,
            shot.monotonic - start,
            shot.monotonic,
            shot.wall,
            shot.tags,
            fault=fault,
        )

    def _renew(self, fault: Fault) -> None:
        """A decoder that sends one picture for ever, or black, may come to itself."""
        now = time.monotonic()
        self._black = (self._black or now) if fault == "black" else None
        if self._capture is None:
            return
        born = self._capture.born
        if fault == "frozen" and now - born > RENEW_S:
            self._lose(Lost("it sends the same picture again and again", how="stuck"))
        elif self._black is not None and now - max(born, self._black) > RENEW_BLACK_S:
            self._lose(Lost("it sends black pictures only", how="stuck"))
