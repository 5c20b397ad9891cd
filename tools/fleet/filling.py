"""A fleet's records straight into a store: no broker, no outbox, and soon done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from agent import __version__
from agent.record import Batch, Envelope, GapRecord, Row, Status, Topic
from tools.fleet.account import Account, Put, account
from tools.fleet.clock import Clock
from tools.fleet.life import Gallery, Life, Made
from tools.fleet.plan import HOSTILE, Device, Plan
from tools.stores import Contact, Letter, Store

BATCH_ROWS: Final = 500
TOGETHER: Final = 10
"""Batches to a transaction."""
GAP_SHARE: Final = 0.03
GAP_WHY: Final = "the outbox was full"


def fill(
    store: Store, plan: Plan, gallery: Gallery, show: Callable[[int, int], None] = lambda *_: None
) -> Account:
    """Store all that a plan's devices record, as if they had sent it. The clocks are the plan's.

    The same plan may be stored again: rows that are there are known again.
    """
    began, done = time.monotonic(), 0
    streams = [_Stream(device, plan, gallery) for device in plan.fleet]
    going = list(streams)
    while going:
        for some in (going[n : n + TOGETHER] for n in range(0, len(going), TOGETHER)):
            batches = [batch for stream in some if (batch := stream.batch()) is not None]
            store.store_all(batches, [stream.contact() for stream in some])
        going = [stream for stream in going if not stream.put.over]
        done = sum(stream.put.put.trials for stream in streams)
        show(done, plan.trials)
    for stream in streams:
        store.status(stream.status())
    store.bury(_letters(streams))
    return account(plan, [stream.put for stream in streams], time.monotonic() - began)


class _Stream:
    """One device's rows as batches, its clock and its contact."""

    def __init__(self, device: Device, plan: Plan, gallery: Gallery) -> None:
        self.device, self._clock = device, Clock(device, plan)
        self._life = Life(device, plan, gallery)
        self.put = Put.of(device, f"{device.seed:032x}")
        self.put.put = self._life.counts
        self._rows = self._numbered()
        self._last = 0
        self._session = ""
        self._at_ms: int | None = None

    def batch(self) -> Batch | None:
        """The next rows; None at the end."""
        rows = tuple(islice(self._rows, BATCH_ROWS))
        self.put.over = len(rows) < BATCH_ROWS
        if not rows:
            return None
        envelope = self._envelope()
        self._last = self.put.freed = rows[-1].seq
        return Batch(envelope, rows)

    def contact(self) -> Contact:
        now = int(time.time() * 1000)
        seen = self._at_ms if self.device.silent and self._at_ms is not None else now
        return Contact(
            self.device.site,
            self.device.name,
            seen,
            self.device.skew_ms,
            not self.device.skew_ms,
        )

    def status(self) -> Status:
        """Its last word; of a silent one the broker's."""
        return Status(
            site=self.device.site,
            device=self.device.name,
            state="offline" if self.device.silent else "online",
            session=self._session,
            version=__version__,
            wall_ms=self._clock.stamp(self._at_ms).wall_ms,
        )

    def _envelope(self) -> Envelope:
        now = self._clock.stamp()
        return Envelope(
            site=self.device.site,
            device=self.device.name,
            epoch=self.put.epoch,
            floor=self._last + 1,
            after=self._last,
            boot=now.boot,
            monotonic_ms=now.monotonic_ms,
            wall_ms=now.wall_ms,
            clock_synced=now.synced,
            hashes={"model": self._life.model.sha256[:16]},
        )

    def _numbered(self) -> Iterator[Row]:
        life = self._life.records()
        records = self._with_gap(life) if self.device.gap else life
        for seq, made in enumerate(records, 1):
            if made is not None:
                self._session = getattr(made.record, "session", self._session)
                self._at_ms = made.at_ms
                yield Row.of(seq, self._clock.stamp(made.at_ms), made.record)

    def _with_gap(self, records: Iterator[Made]) -> Iterator[Made | None]:
        """Gives some rows up, once its session has begun, and says so under the last one's seq."""
        yield next(records)
        lost = list(islice(records, max(1, int(GAP_SHARE * self.device.trials))))
        yield from [None] * (len(lost) - 1)
        gap = GapRecord(
            epoch=self.put.epoch,
            first=2,
            last=len(lost) + 1,
            rows=len(lost),
            trials=sum(made.record.kind == "trial" for made in lost),
            why=GAP_WHY,
        )
        yield Made(gap, lost[-1].at_ms)
        yield from records


def _letters(streams: Sequence[_Stream]) -> list[Letter]:
    """What a hostile device, and one of nobody's, have sent beside."""
    return [
        Letter(
            str(Topic(stream.device.site, stream.device.name, "records")),
            HOSTILE.encode(),
            f"The batch is not zlib data: {HOSTILE}.",
        )
        for stream in streams
        if stream.device.hostile
    ]
