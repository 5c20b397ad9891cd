"""SIGTERM and Ctrl-C: heard at once whatever the main thread does, and the end is within 5 s."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

log = logging.getLogger(__name__)

WITHIN_S: Final = 4.5
"""Seconds from the signal to the process's end, in good order or not."""
CODE: Final = 70


class Stopped(BaseException):
    """The signal came before the agent had begun: there is nothing to end in good order."""


class Stopping:
    """Sets ``event`` upon a signal, and ends the process itself where it does not end in time.

    A thread hears the signal by a pipe that the interpreter's C handler writes to: a main thread
    that is in the middle of an inference, or in a driver, hears nothing. Until ``begun`` the
    main thread is interrupted by ``Stopped``: a model that loads for a minute is not waited for.
    What hangs at the end loses no more than the outbox has not committed, a second's rows.
    """

    def __init__(self, told: Callable[[], None] = lambda: None, within_s: float = WITHIN_S) -> None:
        self.event = threading.Event()
        self._told, self._within_s = told, within_s
        self._begun = False
        self._ended = threading.Event()
        self._here, self._there = socket.socketpair()
        self._there.setblocking(False)

    def begun(self) -> None:
        """From now on the agent looks at ``event`` itself. Raises ``Stopped``."""
        self._begun = True
        if self.event.is_set():
            raise Stopped

    def __enter__(self) -> Stopping:
        signal.set_wakeup_fd(self._there.fileno(), warn_on_full_buffer=False)
        self._before = {
            number: signal.signal(number, self._heard) for number in (signal.SIGTERM, signal.SIGINT)
        }
        threading.Thread(target=self._listen, name="signals", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number, before in self._before.items():
            signal.signal(number, before)
        self._ended.set()
        self._there.close()

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.event.set()
        if not self._begun:
            self._begun = True  # once: what is closed on the way out is not interrupted again
            raise Stopped

    def _listen(self) -> None:
        while heard := self._here.recv(16):
            if {signal.SIGTERM, signal.SIGINT} & set(heard):
                break
        else:
            return
        self.event.set()
        self._told()
        if not self._ended.wait(self._within_s):
            log.error("It does not end in good order: what is committed is kept, the rest is not.")
            os._exit(CODE)
