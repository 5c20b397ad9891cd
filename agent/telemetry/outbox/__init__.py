"""The outbox: records wait here, on disk, until the collector's receipt.

``put`` is quick and never touches the disk: a thread of the outbox commits what waits in groups,
one per ``commit_rows`` or per ``commit_s`` seconds, whichever comes first, each synced (SQLite,
WAL, ``synchronous=FULL``). A power cut costs at most the group that was not committed yet, and no
sequence number that anyone has seen is used again.

When the disk fails, rows wait in memory, bounded, and the commit is tried again every second.
What is given up, there or because the outbox is full, goes by rank - health before phantoms
before trials, sessions never - and is declared by a ``GapRecord``.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from agent.errors import OutboxError
from agent.record import Packed, Record, Stamp, pack
from agent.telemetry.outbox._clock import Clock, clock_synced
from agent.telemetry.outbox._lock import FolderLock
from agent.telemetry.outbox._loss import RANKS, Lost, cheapest, gap
from agent.telemetry.outbox._table import Table

__all__ = ["Outbox", "clock_synced"]

log = logging.getLogger(__name__)

RETRY_S = 1.0


class Outbox:
    """A bounded queue of records on disk, safe between threads, for one process at a time.

    ``max_bytes`` bounds the file, ``max_waiting`` the rows in memory. ``sent`` is set by the
    publisher: rows up to that seq are under way and are not given up. ``dropped`` counts rows
    given up by this process; ``failure`` says why the disk takes nothing at the moment.
    Raises ``OutboxError`` (exit code 73) where the folder cannot be written or another agent
    holds it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = 256 << 20,
        commit_rows: int = 100,
        commit_s: float = 1.0,
        max_waiting: int = 10_000,
    ) -> None:
        self.folder = folder
        self.commit_rows, self.commit_s, self.max_waiting = commit_rows, commit_s, max_waiting
        self.sent = 0
        self.dropped = 0
        self.failure = ""
        self._lock, self._table = _opened(folder, max_bytes)
        self._clock = Clock()
        self._disk = threading.RLock()
        self._changed = threading.Condition()
        self._waiting: list[Packed] = []
        self._committing: list[Packed] = []
        self._given_up: Lost | None = None
        self._oldest = 0.0
        self._hurry = self._closed = False
        self._next_seq = self._table.next_seq
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
        return self._table.count + len(self._waiting) + len(self._committing)

    @property
    def quarantined(self) -> int:
        """Rows set aside because the broker would not take them."""
        return self._table.quarantined

    def stamp(self) -> Stamp:
        """The device's clocks now."""
        return self._clock.stamp()

    def put(self, record: Record) -> int:
        """Take a record; its sequence number. Waits while a working disk is far behind."""
        with self._changed:
            if self._closed or not self._thread.is_alive():
                raise OutboxError(f"The outbox {self.folder} is closed.")
            while len(self._waiting) >= self.max_waiting and not self.failure:
                self._changed.wait(RETRY_S)
            if len(self._waiting) >= self.max_waiting:
                self._give_up_waiting()
            return self._take(record)

    def flush(self, timeout: float = float("inf")) -> bool:
        """Commit all that waits, in at most ``timeout`` seconds; False where the disk fails.

        Rows that are put meanwhile are not waited for.
        """
        end = time.monotonic() + timeout
        with self._changed:
            # Not ``_next_seq - 1``: a full outbox reserves numbers that no row may come to use.
            last = max((row.seq for row in (*self._committing, *self._waiting)), default=0)
            while self.last_committed < last and not self.failure and self._thread.is_alive():
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._hurry = True
                self._changed.notify_all()
                self._changed.wait(min(RETRY_S, left))
            return self.last_committed >= last

    def pending(self, limit: int, after: int | None = None) -> list[Packed]:
        """Up to ``limit`` committed rows above ``after`` (default: all), in ascending order."""
        with self._disk:
            try:
                return self._table.read(limit, self.released if after is None else after)
            except sqlite3.Error as error:
                self._mend(error)
                return []

    def release(self, epoch: str, up_to_seq: int) -> bool:
        """Free all rows up to a seq: a receipt came. False for another epoch's, or an old one."""
        with self._disk:
            up_to = min(up_to_seq, self.last_committed)
            if epoch != self.epoch or up_to <= self.released:
                return False
            try:
                self._table.release(up_to)
            except sqlite3.Error as error:
                self._mend(error)
                return False
            return True

    def quarantine(self, seqs: Sequence[int], why: str) -> None:
        """Set rows aside that no one takes: they stay on disk, and the gap is declared."""
        with self._disk, self._changed:
            try:
                lost = self._table.quarantine(seqs, why)
            except sqlite3.Error as error:
                self._mend(error)
                return
            if lost is not None:
                log.error("Rows %d to %d are quarantined: %s.", lost.first, lost.last, why)
                self._take(gap(self.epoch, lost, f"quarantined: {why}"))

    def close(self) -> None:
        """Commit what waits and let go of the folder. May be called twice."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
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

    def _take(self, record: Record) -> int:
        seq = self._next_seq
        self._next_seq += 1
        if not self._waiting:
            self._oldest = time.monotonic()
        self._waiting.append(pack(seq, self._clock.stamp(), record))
        if len(self._waiting) in (1, self.commit_rows):
            self._changed.notify_all()
        return seq

    def _give_up_waiting(self) -> None:
        """The disk fails and memory is full: the cheapest oldest tenth goes, and is counted."""
        self._waiting, lost = cheapest(self._waiting, max(1, self.max_waiting // 10))
        self.dropped += lost.rows
        self._given_up = lost if self._given_up is None else self._given_up.joined(lost)

    def _commit_always(self) -> None:
        while True:
            with self._changed:
                while not self._due():
                    self._changed.wait(self._until_due())
                if self._given_up is not None:
                    self._take(gap(self.epoch, self._given_up, "the disk failed"))
                    self._given_up = None
                group, self._waiting = self._waiting, []
                self._committing, self._hurry = group, False
                spare = self._reserve()
            done = not group or self._commit(group, spare)
            with self._changed:
                self._committing = []
                if not done:
                    self._waiting[:0] = group
                self._changed.notify_all()
                if self._closed and (not self._waiting or not done):
                    self._say_what_is_lost()
                    return
                if not done:
                    self._changed.wait_for(lambda: self._closed, RETRY_S)

    def _due(self) -> bool:
        if self._closed or (self._hurry and self._waiting):
            return True
        return bool(self._waiting) and (
            len(self._waiting) >= self.commit_rows or self._until_due() <= 0
        )

    def _until_due(self) -> float:
        """Seconds until the oldest waiting row has to be committed; long where none waits."""
        if not self._waiting:
            return 3600.0
        return self._oldest + self.commit_s - time.monotonic()

    def _reserve(self) -> range:
        """Sequence numbers for the gaps that a full outbox may have to declare, in order."""
        first = self._next_seq
        self._next_seq += RANKS if self._table.is_full else 0
        return range(first, self._next_seq)

    def _commit(self, group: Sequence[Packed], spare: Sequence[int]) -> bool:
        with self._disk:
            try:
                self.dropped += self._table.append(group, spare, self.sent)
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
            return
        try:
            declared = self._table.restart(str(error))
        except (sqlite3.Error, OSError) as problem:
            log.error("The outbox %s cannot be made anew: %s.", self.folder, problem)
            return
        if declared is not None:
            with self._changed:
                self._take(declared)

    def _say_what_is_lost(self) -> None:
        if self._waiting:
            log.error("%d records could not be kept: %s.", len(self._waiting), self.failure)


def _opened(folder: Path, max_bytes: int) -> tuple[FolderLock, Table]:
    remedy = "Give a folder on a disk that this user may write to."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
    except OSError as error:
        raise OutboxError(
            f"The outbox folder {folder} cannot be written: {error.strerror}.", remedy=remedy
        ) from None
    try:
        return lock, Table(folder, max_bytes)
    except (sqlite3.Error, OSError) as error:
        lock.release()
        raise OutboxError(
            f"The outbox in {folder} cannot be opened: {error}.", remedy=remedy
        ) from None
