"""A simulated device with the real outbox and the real publisher."""

from __future__ import annotations

import zlib
from concurrent.futures import Executor
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final

from agent.record import SessionEndRecord, SessionRecord, Stamp, Topic
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.fleet.account import Put
from tools.fleet.clock import Clock
from tools.fleet.life import Gallery, Life
from tools.fleet.plan import HOSTILE, Device, Plan

AHEAD: Final = 1_000
"""Rows in an outbox above which nothing more is put."""
RECEIPT_S: Final = 60.0
"""All devices record as fast as they can, so that a collector may be behind by more than the usual
10 s after which a publisher would send all again."""
COMMIT_ROWS: Final = 250
OFFLINE_SHARE: Final = 0.05
"""The share of its trials that a device with a gap records before it can send."""
LEAST_OFFLINE: Final = 400
ROW_BYTES: Final = 500
"""What a row takes in an outbox, nearly."""
YEARS_S: Final = 20 * 365 * 86_400.0


class TimedOutbox(Outbox):
    """An outbox by the simulated clock of its device."""

    def __init__(self, folder: Path, clock: Clock, max_bytes: int) -> None:
        self.clock = clock  # the outbox asks for the time as soon as it is made
        super().__init__(folder, max_bytes=max_bytes, max_age_s=YEARS_S, commit_rows=COMMIT_ROWS)

    def stamp(self) -> Stamp:
        return self.clock.stamp()


class Afield:
    """A device that records and sends. One that was stopped goes on after its last record.

    Of a device with a gap the outbox holds but half of what it records before it sends at all,
    unless it records very little.
    ``turn`` is how many records it may put at once.
    """

    def __init__(
        self, device: Device, plan: Plan, address: Address, gallery: Gallery, state: Path
    ) -> None:
        self.device, self.address = device, address
        self._clock = Clock(device, plan)
        self._life = Life(device, plan, gallery)
        self._offline = 0
        self._ahead, self.turn = AHEAD, AHEAD
        most = 100 * AHEAD * ROW_BYTES
        if device.gap and 2 * device.trials > 3 * LEAST_OFFLINE:
            offline = self._offline = max(LEAST_OFFLINE, int(OFFLINE_SHARE * device.trials))
            most, self._ahead, self.turn = offline * ROW_BYTES // 2, offline // 5, offline // 10
        folder = state / device.site / device.name
        self.outbox = TimedOutbox(folder, self._clock, most)
        self._put = Put.of(device, self.outbox.epoch)
        self._put.put = self._life.counts
        self._records = self._life.records()
        self._session = self._spoken = ""
        self._publisher: Mqtt | None = None
        self._changing = Lock()
        self._closed = self._between = False

    def resume(self, executor: Executor) -> None:
        """Go back to where the device was, and begin to send. Takes as long as its past was."""
        known = self.outbox.last_committed
        for made in islice(self._records, known):
            self._session = getattr(made.record, "session", self._session)
        if self.device.hostile and not known:
            self._mutter()
        if known and known >= self._offline:
            executor.submit(self._speak)

    @property
    def trials(self) -> int:
        return self._life.counts.trials

    @property
    def over(self) -> bool:
        """Whether all is recorded."""
        return self._put.over

    @property
    def idle(self) -> bool:
        """Whether all is recorded and receipted."""
        return self._put.over and not self.outbox.depth

    @property
    def has_room(self) -> bool:
        if self.over:
            return False
        if self._publisher is None:
            return self._life.counts.rows <= self._offline
        return self.outbox.depth < (1 if self._between else self._ahead)

    def put(self, most: int, executor: Executor) -> None:
        """Record the next rows, of one session."""
        self._between = False
        for _ in range(most):
            made = next(self._records, None)
            if made is None:
                self._put.over = True
                return
            record = made.record
            self.outbox.put(record, self._clock.stamp(made.at_ms))
            rows = self._life.counts.rows
            if isinstance(record, SessionRecord):
                self._session = record.session
                if rows > self._offline:
                    executor.submit(self._speak)
            elif rows == self._offline:
                self.outbox.flush()
                executor.submit(self._speak)
            if isinstance(record, SessionEndRecord):
                self._between = True  # an agent lets all arrive before it ends
                return

    def close(self) -> None:
        """Say goodbye, and keep on disk what waits."""
        with self._changing:
            self._closed = True
            if self._publisher is not None:
                self._publisher.stop()
        self.outbox.close()

    def told(self) -> Put:
        """What it put, and what became of it."""
        self._put.freed, self._put.waiting = self.outbox.released, self.outbox.depth
        return self._put

    def _speak(self) -> None:
        """Send under the newest session, as an agent does that was started anew."""
        with self._changing:
            if self._spoken == self._session or self._closed:
                return  # a later session's turn came first
            if self._publisher is not None:
                self._publisher.stop()
            self._spoken = self._session
            self._publisher = Mqtt(
                self.outbox,
                self.address,
                self.device.site,
                self.device.name,
                self._session,
                hashes={"model": self._life.model.sha256[:16]},
                receipt_s=RECEIPT_S,
            )
            self._publisher.start()

    def _mutter(self) -> None:
        """What nobody can read, on the device's own topic."""
        topic = str(Topic(self.device.site, self.device.name, "records"))
        with Link(self.address, f"fieldproof-mutter-{self.device.name}") as link:
            for payload in (HOSTILE.encode(), zlib.compress(b"[" * 10_000), b""):
                link.publish(Message(topic, payload))
            link.settled(5.0)
