"""One thing for the loop to call: it tells systemd and the heartbeat file how the agent gets on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from agent.service.heartbeat import Heartbeat
from agent.service.notify import Notifier, watchdog_s
from agent.service.watchdog import Kept, Progress, Watchdog


class Lifeline:
    """Says that the agent is ready, gets on, and stops. ``kept`` reads the outbox's state.

    The watchdog and the heartbeat hear the same: a good frame, or a pause on purpose, and an
    outbox that moves. Raises ``OutputError`` for a heartbeat file that cannot be written.
    """

    def __init__(self, heartbeat: Path | None = None, notifier: Notifier | None = None) -> None:
        self.kept: Callable[[], Kept] = lambda: Kept(0, 0)
        self._notifier = notifier or Notifier()
        self._heartbeat = Heartbeat(heartbeat) if heartbeat else None
        self._watchdog = Watchdog(watchdog_s(), time.monotonic())
        self._fed, self._beaten = Progress(), Progress()
        self._frames = 0
        self._ready = False

    def ready(self) -> None:
        """Model, camera and outbox are open: the first frame has come."""
        if not self._ready:
            told = self._notifier.tell(READY="1", STATUS="examining")
            self._ready = told or not self._notifier.listened

    def frame(self, *, good: bool) -> None:
        """A frame has been seen to."""
        self._frames += good
        for progress in (self._fed, self._beaten):
            progress.frame(good=good)
        self._pass_on("examining")

    def working(self) -> None:
        """The model has answered since this was last called: a good frame takes its time."""
        for progress in (self._fed, self._beaten):
            progress.frame(good=True)
        self._pass_on("examining")

    def paused(self, why: str) -> None:
        """The agent waits on purpose: call it every second or so meanwhile."""
        for progress in (self._fed, self._beaten):
            progress.paused()
        self._pass_on(f"paused: {why}")

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

    def _pass_on(self, state: str) -> None:
        now = time.monotonic()
        if self._watchdog.is_due(now) and self._fed.made(self.kept()):
            self._watchdog.fed(now)
            self._notifier.tell(WATCHDOG="1")
        beat = self._heartbeat
        if beat is not None and beat.is_due(now) and self._beaten.made(self.kept()):
            beat.write(state, self._frames, now)
