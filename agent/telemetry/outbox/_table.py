"""The outbox's rows on disk, in one transaction per call. Not thread-safe."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from agent.record import GapRecord, Packed, Stamp, pack
from agent.telemetry.outbox._cuts import (
    ROW_OVERHEAD,
    has_old,
    lowest_rank,
    up_to_age,
    up_to_size,
)
from agent.telemetry.outbox._file import connect, remains, set_aside
from agent.telemetry.outbox._loss import KEPT, LAST, RANKS, Lost, cause, declared, gap, rank

log = logging.getLogger(__name__)

_COLUMNS = "seq, kind, boot, monotonic_ms, wall_ms, synced, body"
SLICE = 2_000
"""Rows freed in one transaction: what a nearly full disk has room for in the log."""
MANY_GAPS = 100
SENT_AHEAD = 1_000
"""After a restart so many rows more than were sent count as sent: a mark takes a synced write."""
QUARANTINED_ROWS = 1_000
QUARANTINED_BYTES = 4 << 20


class Aside(NamedTuple):
    """Rows to be quarantined, and why."""

    seqs: tuple[int, ...]
    why: str


class Limits(NamedTuple):
    """What the rows may take: bytes on disk, and age in milliseconds."""

    bytes: int
    age_ms: int


@dataclass(frozen=True, slots=True)
class _Tally:
    """What is known of the file without reading it; put back when a transaction fails."""

    next_seq: int
    released: int
    sent: int
    count: int
    trials: int
    bytes: int
    quarantined: int


class Table:
    """Opens or makes ``outbox.db``; one that cannot be read is set aside, and a new epoch begins.

    ``damaged`` then says what was in it, where that can be told. Raises ``sqlite3.Error`` or
    ``OSError`` where the folder cannot be written.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.epoch = ""
        self.path = folder / "outbox.db"
        self.limits = limits
        self.damaged: GapRecord | None = None
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            # OperationalError, its child, is a full disk or a closed folder: nothing is corrupt.
            if isinstance(error, sqlite3.OperationalError):
                raise
            self.damaged = remains(set_aside(self.path, str(error)))
            self._open()

    def _open(self) -> None:
        self._db = connect(self.path)
        self.epoch, next_seq, released, sent = self._db.execute(
            "SELECT epoch, next_seq, released, sent FROM meta"
        ).fetchone()
        self._marked = sent
        count, trials, size, last = self._db.execute(
            "SELECT count(*), coalesce(sum(kind = 'trial'), 0),"
            " coalesce(sum(length(body)), 0), coalesce(max(seq), 0) FROM rows"
        ).fetchone()
        self._tally = _Tally(
            max(next_seq, last + 1, released + 1),
            released,
            sent,
            count,
            trials,
            size + count * ROW_OVERHEAD,
            self._count_quarantined(),
        )

    @property
    def next_seq(self) -> int:
        return self._tally.next_seq

    @property
    def released(self) -> int:
        return self._tally.released

    @property
    def sent(self) -> int:
        """No row above it was ever given to a link, in this process or an earlier one."""
        return self._tally.sent

    @property
    def count(self) -> int:
        return self._tally.count

    @property
    def bytes(self) -> int:
        """What the rows take on disk, nearly."""
        return self._tally.bytes

    @property
    def quarantined(self) -> int:
        return self._tally.quarantined

    def restart(self, why: str) -> GapRecord | None:
        """After damage at run time: set the file aside and go on counting in a new epoch.

        What was in it is declared as a gap of the old epoch, with the counts last known.
        """
        epoch, old = self.epoch, self._tally
        self._db.close()
        set_aside(self.path, why)
        self._open()
        self._tally = replace(self._tally, next_seq=old.next_seq)
        lost = Lost(old.released + 1, old.next_seq - 1, old.count, old.trials)
        return gap(epoch, lost, "the outbox was damaged") if old.count else None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        tally = self._tally
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._tally = tally
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @property
    def is_full(self) -> bool:
        return self.bytes > self.limits.bytes

    def is_old(self, now: Stamp) -> bool:
        """Whether a row that may be given up is too old."""
        return has_old(self._db, now, self.sent, self.limits.age_ms)

    def append(
        self,
        rows: Sequence[Packed],
        now: Stamp,
        spare: Sequence[int],
        asides: Sequence[Aside] = (),
        expire: bool = False,
    ) -> tuple[int, bool]:
        """Commit rows, quarantine others, give up what is too old or too much.

        How many rows went, and whether there are more that are too old.

        Each loss is declared in the same transaction: of quarantined rows under the seqs in
        ``spare``, one for each of ``asides``, above those of the rows; of what is given up under
        the last of its own seqs. Those were never sent: rows that were may be stored already,
        and are not given up.
        """
        with self._transaction():
            dropped = 0
            for seq, aside in zip(spare, asides, strict=True):
                lost = self._quarantine(aside)
                if lost is not None:
                    rows = [*rows, self._gap(seq, now, lost, f"quarantined: {aside.why}")]
                    dropped += lost.rows
            if rows:
                self._insert(rows)
            lost = self._expire(now) if expire else None
            if lost is not None:
                self._insert([self._gap(lost.last, now, lost, "too old")])
                dropped += lost.rows
            dropped += self._make_room(now) if self.is_full else 0
            is_more_old = expire and self.is_old(now)
        self._give_space_back()
        return dropped, is_more_old

    def _insert(self, rows: Sequence[Packed]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(r.seq, r.kind, rank(r.kind), *r.stamp, r.body) for r in rows],
        )
        next_seq = max(self.next_seq, rows[-1].seq + 1)
        self._db.execute("UPDATE meta SET next_seq = ?", (next_seq,))
        self._tally = replace(
            self._tally,
            next_seq=next_seq,
            count=self.count + len(rows),
            trials=self._tally.trials + sum(r.kind == "trial" for r in rows),
            bytes=self.bytes + sum(len(r.body) for r in rows) + len(rows) * ROW_OVERHEAD,
        )

    def read(self, limit: int, after: int, most_bytes: int) -> list[Packed]:
        """Rows above a seq, at least one where there are any, of so many bytes in all."""
        rows: list[Packed] = []
        for row in self._rows("seq > ?", (after, limit)):
            most_bytes -= len(row.body)
            if rows and most_bytes < 0:
                break
            rows.append(row)
        return rows

    def sending(self, up_to: int) -> None:
        """Remember that rows up to a seq may have been sent, also over a restart."""
        self._tally = replace(self._tally, sent=max(self.sent, up_to))
        if up_to > self._marked:
            with self._transaction():
                self._db.execute("UPDATE meta SET sent = ?", (up_to + SENT_AHEAD,))
            self._marked = up_to + SENT_AHEAD

    def release(self, up_to: int) -> None:
        """Delete rows up to a seq. Not synced: a release lost in a power cut is only sent again."""
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            while self.released < up_to:
                last = self._db.execute(
                    "SELECT seq FROM rows WHERE seq <= ? ORDER BY seq LIMIT 1 OFFSET ?",
                    (up_to, SLICE),
                ).fetchone()
                self._release(up_to if last is None else last[0])
        finally:
            self._db.execute("PRAGMA synchronous = FULL")

    def _release(self, up_to: int) -> None:
        with self._transaction():
            self._forget("seq <= ?", (up_to,))
            self._db.execute("UPDATE meta SET released = ?", (up_to,))
            self._tally = replace(self._tally, released=up_to)
        self._give_space_back()

    def _quarantine(self, aside: Aside) -> Lost | None:
        """Move rows that no one takes to the side, where the newest are kept."""
        where = f"seq IN ({','.join('?' * len(aside.seqs))})"
        self._db.execute(
            "INSERT OR IGNORE INTO quarantine SELECT ?, seq, kind, body, ?, wall_ms FROM rows"
            f" WHERE {where}",
            (self.epoch, aside.why, *aside.seqs),
        )
        self._db.execute(
            "DELETE FROM quarantine WHERE rowid IN (SELECT rowid FROM (SELECT rowid,"
            " row_number() OVER newest AS n, sum(length(body)) OVER newest AS size FROM quarantine"
            " WINDOW newest AS (ORDER BY rowid DESC)) WHERE n > ? OR (size > ? AND n > 1))",
            (QUARANTINED_ROWS, QUARANTINED_BYTES),
        )
        lost = self._forget(where, aside.seqs)
        self._tally = replace(self._tally, quarantined=self._count_quarantined())
        return lost

    def _count_quarantined(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM quarantine").fetchone()[0])

    def _expire(self, now: Stamp) -> Lost | None:
        """Give up what is older than nine tenths of the age: one gap says it for some time."""
        if not self.is_old(now):
            return None
        limit = up_to_age(self._db, now, self.sent, self.limits.age_ms * 9 // 10)
        return self._forget("rank < ? AND seq > ? AND seq <= ?", (LAST, self.sent, limit))

    def _make_room(self, now: Stamp) -> int:
        """Give up the oldest rows of the lowest ranks, down to nine tenths of the limit."""
        dropped = 0
        for _ in range(RANKS):
            excess = self.bytes - self.limits.bytes * 9 // 10
            lowest = lowest_rank(self._db, self.sent)
            if excess <= 0 or lowest is None:
                break
            limit = up_to_size(self._db, lowest, self.sent, excess)
            lost = self._forget("rank = ? AND seq > ? AND seq <= ?", (lowest, self.sent, limit))
            if lost is not None:
                self._insert([self._gap(lost.last, now, lost, "the outbox was full")])
                dropped += lost.rows
        return dropped

    def _forget(self, where: str, values: tuple[int, ...]) -> Lost | None:
        """Delete rows; what is lost with them, and with what they had declared as lost."""
        first, last, rows, trials, size, gaps = self._db.execute(
            "SELECT min(seq), max(seq), count(*), coalesce(sum(kind = 'trial'), 0),"
            " coalesce(sum(length(body)), 0), coalesce(sum(kind = 'gap'), 0)"
            f" FROM rows WHERE {where}",
            values,
        ).fetchone()
        if not rows:
            return None
        lost = Lost(first, last, rows, trials)
        if gaps:
            for row in list(self._rows(f"kind = 'gap' AND {where}", (*values, -1))):
                told = declared(row, self.epoch)
                lost = lost if told is None else lost.joined(told[0])
        self._db.execute(f"DELETE FROM rows WHERE {where}", values)
        self._tally = replace(
            self._tally,
            count=self.count - rows,
            trials=self._tally.trials - trials,
            bytes=self.bytes - size - rows * ROW_OVERHEAD,
        )
        return lost

    def _gap(self, seq: int, now: Stamp, lost: Lost, why: str) -> Packed:
        """The declaration of a loss. Where many wait, it takes in those of the same reason."""
        waiting = list(self._rows("rank = ? AND seq > ? AND kind = 'gap'", (KEPT, self.sent, -1)))
        if len(waiting) >= MANY_GAPS:
            for row in waiting:
                told = declared(row, self.epoch)
                if told is not None and cause(told[1]) == cause(why):
                    self._forget("seq = ?", (row.seq,))
                    lost = lost.joined(told[0])
        return pack(seq, now, gap(self.epoch, lost, why))

    def _rows(self, where: str, values: tuple[int, ...]) -> Iterator[Packed]:
        found = self._db.execute(
            f"SELECT {_COLUMNS} FROM rows WHERE {where} ORDER BY seq LIMIT ?", values
        )
        for seq, kind, boot, monotonic_ms, wall_ms, synced, body in found:
            yield Packed(seq, kind, Stamp(boot, monotonic_ms, wall_ms, bool(synced)), body)

    def _give_space_back(self) -> None:
        """As far as the disk lets us: what was committed before stays committed."""
        try:
            free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
            if free > 256:
                # It frees one page per step, and only executescript takes all its steps.
                self._db.executescript("PRAGMA incremental_vacuum(1024)")
        except sqlite3.OperationalError as error:
            log.debug("No space is given back: %s.", error)

    def close(self) -> None:
        self._db.close()
