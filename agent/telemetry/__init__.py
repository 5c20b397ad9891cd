"""Telemetry: the outbox that loses nothing, and the publishers that drain it.

Imports values, errors and record. A public file is one kind of publisher; ``outbox`` and
``link`` are folders because they are parts and no kinds. ``link`` alone knows paho.

To add one: a file ``agent/telemetry/<kind>.py`` with one public class that extends
``Publisher``, and its test against the real thing.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType

from agent.family import Family, kind_of
from agent.record import Reply
from agent.telemetry.outbox import Outbox

STOP_S = 2.5


@dataclass
class Statistics:
    """What a publisher did since it was made. ``resent`` rows were sent more than once.

    ``takeovers`` counts how often another agent of the same name took this one's place.
    """

    connects: int = 0
    batches: int = 0
    rows: int = 0
    resent: int = 0
    bytes: int = 0
    refused: int = 0
    quarantined: int = 0
    receipts: int = 0
    takeovers: int = 0


class Publisher(ABC):
    """Sends what is in the outbox, in a thread of its own, and reconnects for ever.

    A broker that is away is no error: the outbox keeps the records. ``last_error`` says in one
    sentence what is wrong with the link, and is empty while it works. ``turns`` counts the rounds
    of its thread, those in which it waits too: a thread that hangs makes none.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.statistics = Statistics()
        self.last_error = ""
        self.turns = 0

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the link is up at this moment."""

    @property
    def undelivered(self) -> int:
        """Rows that the other side has not confirmed yet."""
        return self.outbox.depth

    @abstractmethod
    def start(self) -> None:
        """Begin to connect and send, in the background."""

    @abstractmethod
    def check(self, timeout: float) -> bool:
        """Wait for the first attempt to connect; whether it worked (see ``last_error``)."""

    @abstractmethod
    def stop(self, timeout: float = STOP_S) -> None:
        """Say that this session stopped, disconnect, end the thread. May be called twice.

        A thread that is held up, as by a broker that does not answer, is left behind after
        ``timeout`` seconds.
        """

    @abstractmethod
    def say(self, reply: Reply) -> None:
        """Send the answer to a command as soon as the link is up; memory alone keeps it."""

    def drain(self, timeout: float, stop: threading.Event | None = None) -> bool:
        """Wait until all rows are confirmed, at most ``timeout`` seconds; whether they are.

        No longer than until ``stop`` is set.
        """
        end = time.monotonic() + timeout
        self.outbox.flush(timeout)
        stop = stop or threading.Event()
        while self.undelivered and time.monotonic() < end and not stop.wait(0.02):
            pass
        return not self.undelivered

    def __enter__(self) -> Publisher:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


family = Family("publisher", __name__, Publisher)  # type: ignore[type-abstract]
