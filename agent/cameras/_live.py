"""What live cameras share: a reader thread, the latest frame, a deadline, reconnecting.

OpenCV's reads can block for ever and cannot be interrupted, so they happen in a thread of their
own, which alone touches the capture. The newest frame waits for the consumer; one that is
overtaken is counted in ``dropped``.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import cv2

from agent.cameras import Camera
from agent.cameras._opencv import rgb_of
from agent.errors import CameraError
from agent.values import Frame, Pixels

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 8.0
_JOIN_S: Final = 2.0  # a reader that is stuck in a driver is left behind after that


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A captured picture and the clocks right after it came."""

    pixels: Pixels
    monotonic: float
    wall: float


class LiveCamera(Camera):
    """Frames as they come. ``deadline_s``: seconds without a frame until ``CameraError``.

    Until then a lost connection is tried again, after pauses that double. ``name`` stands for
    the camera in messages and frames and must hold no secret. ``frames`` may be called once.
    """

    live: ClassVar[bool] = True

    def __init__(self, name: str, deadline_s: float) -> None:
        super().__init__()
        self.name = name
        self.deadline_s = deadline_s
        self.dropped = 0
        self.connections = 0
        self._fresh = threading.Condition()
        self._stop = threading.Event()
        self._latest: Shot | None = None
        self._reason = "it does not answer"
        self._reader: threading.Thread | None = None

    @abstractmethod
    def _connect(self) -> cv2.VideoCapture | None:
        """A capture that is open; None where it cannot be opened now."""

    def _remedy(self) -> str:
        """What to do when no frames come."""
        return ""

    def frames(self) -> Iterator[Frame]:
        self._reader = threading.Thread(target=self._read_on, name=self.name, daemon=True)
        self._reader.start()
        start, index = time.monotonic(), 0
        while not self._stop.is_set():
            shot = self._await_shot()
            if shot is None:
                return
            since = shot.monotonic - start
            yield Frame(shot.pixels, index, self.name, self.name, since, shot.monotonic, shot.wall)
            index += 1

    def close(self) -> None:
        self._stop.set()
        with self._fresh:
            self._fresh.notify_all()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(_JOIN_S)

    def _await_shot(self) -> Shot | None:
        """The newest picture; None when closed. Raises ``CameraError`` past the deadline."""
        with self._fresh:
            waiting = self._fresh.wait_for(
                lambda: self._latest is not None or self._stop.is_set(), self.deadline_s
            )
            shot, self._latest = self._latest, None
        if not waiting:
            self.close()
            raise CameraError(
                f"No frame from {self.name} for {self.deadline_s:g} s: {self._reason}.",
                remedy=self._remedy(),
            )
        return None if self._stop.is_set() else shot

    def _read_on(self) -> None:
        """The reader thread: connect, read until it fails, pause, and again."""
        pause = _FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                worked = self._read_once()
            except cv2.error:  # its text may quote the address
                worked, self._reason = False, "OpenCV failed on what it sent"
            pause = _FIRST_PAUSE_S if worked else pause
            self._stop.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _read_once(self) -> bool:
        """One connection, from its opening to its loss; whether a picture came."""
        capture = self._connect()
        if capture is None:
            self._reason = "it cannot be opened"
            return False
        self.connections += 1
        try:
            return self._drain(capture) > 0
        finally:
            self._reason = "the connection was lost"
            capture.release()

    def _drain(self, capture: cv2.VideoCapture) -> int:
        """Offer pictures until a read fails; how many there were."""
        count = 0
        while not self._stop.is_set():
            good, picture = capture.read()
            if not good or picture is None:
                break
            self._offer(picture)
            count += 1
        return count

    def _offer(self, picture: Any) -> None:
        rgb = rgb_of(picture)
        with self._fresh:
            self.dropped += self._latest is not None
            self._latest = Shot(rgb, time.monotonic(), time.time())
            self._fresh.notify_all()
