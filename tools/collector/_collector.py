"""The collector's loop: one thread that receives, stores and confirms."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from types import TracebackType

from agent.errors import BrokerError
from agent.record import Topic
from agent.telemetry.link import TAKEN_OVER, Address, Link, LinkLostError
from tools.collector._intake import CollectorStatistics, Intake
from tools.stores import Store
from tools.stores._errors import StoreError

log = logging.getLogger(__name__)

NAME = "fieldproof-collector"
PREFETCH = 100
"""Messages that the broker may send ahead of their acknowledgement (MQTT v5)."""
MOST_BYTES = 32 << 20
"""Bytes that wait in memory; what comes at QoS 0 is bounded by nothing else."""
COMMIT_MESSAGES = 50
WAIT_S = 0.2
RETRY_S = 1.0
BACKOFF_S = 0.5
BACKOFF_MAX_S = 15.0
MANY = 5
STEADY_S = 10.0
OFTEN = 3
"""So many connections in a row that end within ``STEADY_S`` seconds are no chance."""


class Collector:
    """Collects from one broker into one store, and reconnects for ever.

    ``site`` restricts it to one site. ``name`` is its MQTT client id: a second collector under
    the same name takes the first one's place, one under another name receives all as well, and
    the store keeps each row once. ``last_error`` says what is wrong, if anything. ``beat`` is
    called several times a second while it is connected and the store takes rows.
    """

    def __init__(
        self,
        address: Address,
        store: Store,
        *,
        site: str = "+",
        name: str = NAME,
        beat: Callable[[], None] | None = None,
    ) -> None:
        self._beat = beat
        self.address, self.store, self.site, self.name = address, store, site, name
        self.statistics = CollectorStatistics()
        self._intake = Intake(store, self.statistics)
        self.last_error = ""
        self._connected, self._tried = threading.Event(), threading.Event()
        self._stop = threading.Event()
        self._since = 0.0
        self._thread: threading.Thread | None = None

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def check(self, timeout: float) -> bool:
        """Wait for the first attempt to connect; whether it worked (see ``last_error``)."""
        self._tried.wait(timeout)
        return self.connected

    def start(self) -> None:
        """Collect in a thread until ``stop``."""
        self._thread = threading.Thread(
            target=self.run_until, args=(self._stop,), name="collector", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Store what has arrived, disconnect, end the thread. May be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Collector:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def run_until(self, stop: threading.Event) -> None:
        """Collect in this thread until the event; what has arrived is stored before it returns.

        Where the store is away at that moment, nothing is acknowledged: the broker keeps it.
        """
        self._stop = stop
        failures = 0
        while not stop.is_set():
            self._since = time.monotonic()
            try:
                self._converse(stop)
            except BrokerError as error:
                lasted = self.connected and time.monotonic() - self._since > STEADY_S
                failures = 0 if lasted else failures + 1
                self._failed(error, failures)
            finally:
                self._connected.clear()
                self._tried.set()
            stop.wait(random.uniform(0, min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(failures, MANY))))

    def _failed(self, error: BrokerError, failures: int) -> None:
        """Say what happened. Two of one name throw each other out, and few brokers tell why."""
        message = error.message
        thrown_out = isinstance(error, LinkLostError) and (
            error.reason == TAKEN_OVER or (self.connected and failures >= OFTEN)
        )
        if thrown_out:
            message = (
                f"The broker {self.address} ends the connection soon and again: another collector "
                f"seems to use the name {self.name!r}. Give one of them another with --name."
            )
        if message != self.last_error:
            log.warning("%s", message)
        self.last_error = message

    def _converse(self, stop: threading.Event) -> None:
        with Link(
            self.address, self.name, persistent=True, manual_ack=True, prefetch=PREFETCH
        ) as link:
            topics = [str(Topic(self.site, "+", channel)) for channel in ("records", "status")]
            link.subscribe(topics)
            self.statistics.connects += 1
            self.last_error, self._since = "", time.monotonic()
            self._connected.set()
            self._tried.set()
            while not stop.is_set():
                link.step(WAIT_S)
                self._gather(link)
                self._take(link)
                if self._beat is not None:
                    self._beat()
            self._take(link)
            link.settled(2.0)

    def _gather(self, link: Link) -> None:
        """Receive what is there already: one commit for many messages."""
        before = -1
        while before < len(link.messages) < COMMIT_MESSAGES and _has_room(link):
            before = len(link.messages)
            link.step(0.0)

    def _take(self, link: Link) -> None:
        """All that has arrived: stored, then receipted, then acknowledged."""
        while link.messages:
            done = self._intake.take(link.messages, lambda error: self._wait(error, link))
            self.last_error = ""
            for answer in done.answers:
                link.publish(answer)
            for message in done.messages:
                link.ack(message)

    def _wait(self, error: StoreError, link: Link) -> None:
        """The store is away: keep the link alive and acknowledge nothing, until the end."""
        if error.message != self.last_error:
            log.error("%s", error.message)
        self.last_error = error.message
        if self._stop.is_set():
            raise error
        if _has_room(link):
            link.step(0.0)
        self._stop.wait(RETRY_S)


def _has_room(link: Link) -> bool:
    waiting = link.messages
    return len(waiting) < PREFETCH and sum(len(m.payload) for m in waiting) < MOST_BYTES
