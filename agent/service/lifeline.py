"""One thing for the loop to call: it tells systemd and the heartbeat file how the agent gets on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from agent.service.heartbeat import Heartbeat
from agent.service.notify import Notifier, watchdog_s
from agent.service.watchdog import Progress, Pulse, Watchdog


class Lifeline:
    """Says that the agent is ready, gets on, is in trouble, and stops.

    ``pulse`` reads what the threads beside the loop do, ``failure`` why the disk takes nothing
    (empty where it does). The watchdog and the heartbeat hear the same: that none of them hangs.
    The heartbeat also has the trouble, in words, and since when. Raises ``OutputError`` for a
    heartbeat file that cannot be written.
    """

    def __init__(self, heartbeat: Path | None = None, notifier: Notifier | None = None) -> None:
        self.pulse: Callable[[], Pulse] = Pulse
        self.failure: Callable[[], str] = str
        self._notifier = notifier or Notifier()
        self._heartbeat = Heartbeat(heartbeat) if heartbeat else None
        self._watchdog = Watchdog(watchdog_s(), time.monotonic())
        self._fed, self._beaten = Progress(), Progress()
        self._frames = 0
        self._begun = self._ready = False
        self._pause = self._fault = ""
        self._trouble, self._since = "", time.monotonic()

    def ready(self) -> None:
        """Model, camera and outbox are open: the first frame has come."""
        self._begun = True
        if not self._ready:
            told = self._notifier.tell(READY="1", STATUS="examining")
            self._ready = told or not self._notifier.listened

    def frame(self, fault: str = "") -> None:
        """A frame has been seen to; ``fault`` says why it was of no use."""
        self._frames += not fault
        self._fault = fault
        self.turn()

    def waiting(self) -> None:
        """The next frame is waited for; while that is the first, nothing gets on yet."""
        if self._begun:
            self.turn()

    def turn(self, pause: str | None = None) -> None:
        """The loop goes on: call it every second or so, also while it waits on purpose.

        ``pause`` says why nothing is tried, empty where something is; None: as it was.
        """
        self._pause = self._pause if pause is None else pause
        now = time.monotonic()
        self._look(now)
        for progress in (self._fed, self._beaten):
            progress.turn()
        if self._watchdog.is_due(now) and self._fed.made(self.pulse()):
            self._watchdog.fed(now)
            self._notifier.tell(WATCHDOG="1")
        beat = self._heartbeat
        if beat is not None and beat.is_due(now) and self._beaten.made(self.pulse()):
            beat.write(self._state, self._frames, now, self._trouble, now - self._since)

    def status(self, text: str) -> None:
        """What ``systemctl status`` shows."""
        self._notifier.tell(STATUS=text)

    def stopping(self) -> None:
        """The agent was told to stop."""
        self._notifier.tell(STOPPING="1", STATUS="stopping")

    def end(self) -> None:
        """The agent ended: its heartbeat counts no more."""
        if self._heartbeat is not None:
            self._heartbeat.end()

    @property
    def _state(self) -> str:
        return f"paused: {self._pause}" if self._pause else "examining"

    def _look(self, now: float) -> None:
        """Note what is wrong, and since when; tell the manager when that changes."""
        failure = self.failure()
        said = [f"the camera's frames are of no use ({self._fault})"] if self._fault else []
        said += [f"the disk takes no records ({failure})"] if failure else []
        trouble = " and ".join(said)
        if bool(trouble) != bool(self._trouble):
            self._since = now
        if trouble != self._trouble:
            self._trouble = trouble
            self.status(f"{self._state}; {trouble}" if trouble else self._state)
