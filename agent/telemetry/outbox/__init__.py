"""The outbox: records wait here, on disk, until the collector's receipt.

``put`` is quick and never touches the disk: a thread of the outbox commits what waits in groups,
one per ``commit_rows`` or per ``commit_s`` seconds, whichever comes first, each synced (SQLite,
WAL, ``synchronous=FULL``). A power cut costs at most the group that was not committed yet, and no
sequence number that anyone has seen is used again.

When the disk fails, rows wait in memory, bounded, and the commit is tried again every second.
What is given up, there or because the outbox is full, goes by rank - evidence before health
before phantoms before trials before sessions - and what is too old goes whatever its rank, but for
sessions. Each loss is declared by a ``GapRecord`` in the transaction that gives the rows up. A
process that ends while the disk fails declares what it held in memory, where a row still fits.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from agent.errors import OutboxError
from agent.record import Packed, Record, Stamp, pack
from agent.telemetry.outbox._clock import Clock, clock_synced
from agent.telemetry.outbox._loss import LAST, Lost, cheapest, gap, rank
from agent.telemetry.outbox._open import opened
from agent.telemetry.outbox._table import Aside, Limits
from agent.telemetry.outbox._waiting import Waiting

__all__ = ["Outbox", "clock_synced"]

log = logging.getLogger(__name__)

RETRY_S = 1.0
EXPIRE_S = 60.0
"""Seconds between two looks for rows that are too old."""
MOST_READ_BYTES = 512 << 10


class Outbox:
    """A bounded queue of records on disk, safe between threads, for one process at a time.

    ``max_bytes`` bounds the rows on disk, ``max_age_s`` their age in seconds, ``max_waiting`` and
    ``max_waiting_bytes`` the rows in memory. Rows that the publisher has begun to send
    (``sending``) may be stored already, and are not given up. ``dropped`` counts rows given up or
    quarantined by this process, ``tries`` its commits, also those that failed; ``failure`` says why
    the disk takes nothing at the moment.
    Raises ``OutboxError`` (exit code 73) where the folder cannot be written or another agent
    holds it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = 256 << 20,
        max_age_s: float = 30 * 86400.0,
        commit_rows: int = 100,
        commit_s: float = 1.0,
        max_waiting: int = 10_000,
        max_waiting_bytes: int = 16 << 20,
    ) -> None:
        self.folder = folder
        self.commit_rows, self.commit_s = commit_rows, commit_s
        self.dropped = self.tries = 0
        self.failure = ""
        limits = Limits(max_bytes, int(max_age_s * 1000))
        self._lock, self._reserve, self._table = opened(folder, limits)
        self._clock = Clock()
        self._disk = threading.RLock()
        self._changed = threading.Condition()
        self._waiting = Waiting(max_waiting, max_waiting_bytes)
        self._asides: list[_Asked] = []
        self._committing: list[Packed] = []
        self._expired = float("-inf")
        self._hurry = self._closed = False
        self._next_seq = self._table.next_seq
        if self._table.damaged is not None:
            with self._changed:
                self._take(self._table.damaged)
        self._thread = threading.Thread(target=self._commit_always, name="outbox", daemon=True)
        self._thread.start()

    @property
    def epoch(self) -> str:
        """Names this outbox's sequence; new when the file is made anew."""
        return self._table.epoch

    @property
    def released(self) -> int:
        """The highest seq that a receipt has freed; all rows left are above it."""
        return self._table.released

    @property
    def last_committed(self) -> int:
        """The highest seq on disk so far; rises when there may be something to send."""
        return self._table.next_seq - 1

    @property
    def depth(self) -> int:
        """Rows that no receipt has freed yet, on disk and in memory."""
        return self._table.count + self.uncommitted

    @property
    def uncommitted(self) -> int:
        """Rows in memory alone: a kill of the process would lose them."""
        return len(self._waiting) + len(self._committing)

    @property
    def quarantined(self) -> int:
        """Rows set aside because the broker would not take them."""
        return self._table.quarantined

    def stamp(self) -> Stamp:
        """The device's clocks now."""
        return self._clock.stamp()

    def put(self, record: Record, made: Stamp | None = None) -> int:
        """Take a record; its sequence number. Waits while a working disk is far behind.

        ``made`` says when it was made, where that is not now.
        """
        with self._changed:
            if self._closed or not self._thread.is_alive():
                raise OutboxError(f"The outbox {self.folder} is closed.")
            while self._waiting.is_full and not self.failure:
                self._changed.wait(RETRY_S)
            if self._waiting.is_full:
                self.dropped += self._waiting.cut()
            return self._take(record, made)

    def flush(self, timeout: float = float("inf")) -> bool:
        """Commit all that waits, in at most ``timeout`` seconds; False where the disk fails.

        Rows that are put meanwhile are not waited for.
        """
        end = time.monotonic() + timeout
        with self._changed:
            # Not ``_next_seq - 1``: a gap's number is reserved, and may come to no use.
            last = max((row.seq for row in (*self._committing, *self._waiting.rows)), default=0)
            while self.last_committed < last and not self.failure and self._thread.is_alive():
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._hurry = True
                self._changed.notify_all()
                self._changed.wait(min(RETRY_S, left))
            return self.last_committed >= last

    def pending(self, limit: int, after: int | None = None) -> list[Packed]:
        """Up to ``limit`` committed rows above ``after`` (default: all), in ascending order.

        Fewer where they take more than ``MOST_READ_BYTES``.
        """
        with self._disk:
            if self._closed:
                return []
            try:
                return self._table.read(
                    limit, self.released if after is None else after, MOST_READ_BYTES
                )
            except sqlite3.Error as error:
                self._mend(error)
                return []

    def release(self, epoch: str, up_to_seq: int) -> bool:
        """Free all rows up to a seq: a receipt came. False for another epoch's, or an old one."""
        with self._disk:
            up_to = min(up_to_seq, self.last_committed)
            if self._closed or epoch != self.epoch or up_to <= self.released:
                return False
            try:
                self._table.release(up_to)
            except sqlite3.Error as error:
                self._mend(error)
                return False
            return True

    def sending(self, up_to_seq: int) -> None:
        """Rows up to a seq go out now. They are not given up any more, also after a restart."""
        with self._disk:
            if self._closed:
                return
            try:
                self._table.sending(up_to_seq)
            except sqlite3.Error as error:
                self._mend(error)

    def quarantine(self, seqs: Sequence[int], why: str) -> bool:
        """Set rows aside that no one takes, and declare the gap, in one transaction.

        The newest of them stay on disk. False where the disk fails: the rows stay where they are.
        """
        asked = _Asked(Aside(tuple(seqs), why))
        with self._changed:
            if self._closed or not self._thread.is_alive():
                return False
            self._asides.append(asked)
            self._changed.notify_all()
        while not asked.answered.wait(RETRY_S) and self._thread.is_alive():
            pass
        if asked.done:
            log.error("Rows %d to %d are quarantined: %s.", min(seqs), max(seqs), why)
        return asked.done

    def close(self) -> None:
        """Commit what waits and let go of the folder. May be called twice.

        A publisher that does not end may still ask: it gets nothing, and touches no file.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        with self._disk:
            self._table.close()
        self._lock.release()

    def __enter__(self) -> Outbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, record: Record, made: Stamp | None = None) -> int:
        seq = self._next_seq
        self._next_seq += 1
        self._waiting.add(pack(seq, made or self.stamp(), record))
        if len(self._waiting) in (1, self.commit_rows):
            self._changed.notify_all()
        return seq

    def _commit_always(self) -> None:
        while True:
            with self._changed:
                while not self._due():
                    self._changed.wait(self._until_due())
                if self._waiting.lost is not None:
                    self._take(gap(self.epoch, self._waiting.lost, "the disk failed"))
                    self._waiting.lost = None
                group = self._committing = self._waiting.take()
                asked, self._asides = self._asides, []
                spare = range(self._next_seq, self._next_seq + len(asked))
                self._next_seq += len(asked)
                self._hurry = False
            done = not (group or asked) or self._commit(group, spare, asked)
            self.tries += 1
            with self._changed:
                self._committing = []
                if not done:
                    self._waiting.give_back(group)
                for item in asked:
                    item.answer(done)
                self._changed.notify_all()
                if self._closed and (not (self._waiting or self._asides) or not done):
                    for item in self._asides:
                        item.answer(False)
                    left = self._waiting.take()
                    break
                if not done:
                    self._changed.wait_for(lambda: self._closed, RETRY_S)
        if left:
            self._give_up(left)

    def _give_up(self, rows: Sequence[Packed]) -> None:
        """The end, on a disk that fails: keep what tells of sessions, and declare the rest.

        All goes where that is too much. The reserve is spent on it: a full disk has the room.
        """
        self._reserve.spend()
        few = [row for row in rows if rank(row.kind) >= LAST]
        lost = Lost.of([row for row in rows if rank(row.kind) < LAST])
        for kept, gone in ((few, lost), cheapest(rows, len(rows))):
            if self._keep(kept, gone):
                log.error("%d records could not be kept: %s.", len(rows) - len(kept), self.failure)
                return
        log.error(
            "%d records could not be kept, nor their loss declared: %s.", len(rows), self.failure
        )

    def _keep(self, kept: Sequence[Packed], lost: Lost | None) -> bool:
        """Commit rows and the declaration of others; whether the disk took them."""
        group = list(kept)
        if lost is not None:
            declared = gap(self.epoch, lost, f"the disk failed: {self.failure}")
            group.append(pack(self._next_seq, self.stamp(), declared))
        with self._disk:
            try:
                self._table.append(group, self.stamp(), (), (), False)
            except sqlite3.Error as error:
                self.failure = self.failure or str(error)
                return False
        self.dropped += lost.rows if lost is not None else 0
        return True

    def _due(self) -> bool:
        if self._closed or self._asides or (self._hurry and self._waiting):
            return True
        return bool(self._waiting) and (
            len(self._waiting) >= self.commit_rows or self._until_due() <= 0
        )

    def _until_due(self) -> float:
        """Seconds until the oldest waiting row has to be committed; long where none waits."""
        if not self._waiting:
            return 3600.0
        return self.commit_s - self._waiting.age()

    def _commit(
        self, group: Sequence[Packed], spare: Sequence[int], asked: Sequence[_Asked]
    ) -> bool:
        with self._disk:
            try:
                if not self._reserve.ready():
                    raise sqlite3.OperationalError("database or disk is full")
                expire = time.monotonic() - self._expired >= EXPIRE_S
                now = self.stamp()
                asides = [item.aside for item in asked]
                gone, is_more_old = self._table.append(group, now, spare, asides, expire)
                self.dropped += gone
                if expire and not is_more_old:
                    self._expired = time.monotonic()
            except sqlite3.Error as error:
                if not self.failure:
                    log.error("The outbox %s cannot be written: %s.", self.folder, error)
                self.failure = str(error)
                self._mend(error)
                return False
            if self.failure:
                log.warning("The outbox %s takes records again.", self.folder)
            self.failure = ""
            return True

    def _mend(self, error: sqlite3.Error) -> None:
        """A full disk may recover by itself; a damaged file never does and is replaced."""
        if isinstance(error, sqlite3.OperationalError):
            log.debug("The outbox %s: %s.", self.folder, error)
            if "full" in str(error) or self._reserve.is_needed:
                self._reserve.spend()
            return
        try:
            declared = self._table.restart(str(error))
        except (sqlite3.Error, OSError) as problem:
            log.error("The outbox %s cannot be made anew: %s.", self.folder, problem)
            return
        if declared is not None:
            with self._changed:
                self._take(declared)


@dataclass(eq=False)
class _Asked:
    """A wish to quarantine rows; answered by the thread that commits."""

    aside: Aside
    answered: threading.Event = field(default_factory=threading.Event)
    done: bool = False

    def answer(self, done: bool) -> None:
        self.done = done
        self.answered.set()
