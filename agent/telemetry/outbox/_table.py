"""The outbox's database file: rows on disk, in one transaction per call. Not thread-safe."""

from __future__ import annotations

import logging
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agent.record import GapRecord, Packed, Stamp, pack
from agent.telemetry.outbox._loss import KEPT, Lost, gap, rank

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL, next_seq INTEGER NOT NULL, released INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, rank INTEGER NOT NULL,
    boot TEXT NOT NULL, monotonic_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    synced INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS rows_by_rank ON rows (rank, seq);
CREATE TABLE IF NOT EXISTS quarantine (
    epoch TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
    why TEXT NOT NULL, wall_ms INTEGER NOT NULL, PRIMARY KEY (epoch, seq)
);
"""
_COLUMNS = "seq, kind, boot, monotonic_ms, wall_ms, synced, body"
ROW_OVERHEAD = 120
"""Bytes on disk beside a row's body: its columns, two B-tree entries, page slack."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """What is known of the file without reading it; put back when a transaction fails."""

    next_seq: int
    released: int
    count: int
    trials: int
    bytes: int
    quarantined: int


class Table:
    """Opens or makes ``outbox.db``; one that cannot be read is set aside, and a new epoch begins.

    Raises ``sqlite3.Error`` or ``OSError`` where the folder cannot be written.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.epoch = ""
        self.path = folder / "outbox.db"
        self.max_bytes = max_bytes
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            # OperationalError, its child, is a full disk or a closed folder: nothing is corrupt.
            if isinstance(error, sqlite3.OperationalError):
                raise
            self._set_aside(str(error))
            self._open()

    def _open(self) -> None:
        self._db = sqlite3.connect(
            self.path, timeout=10, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 4194304")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        db.executescript(_SCHEMA)
        db.execute("INSERT OR IGNORE INTO meta VALUES (1, ?, 1, 0)", (uuid.uuid4().hex,))
        self.epoch, next_seq, released = db.execute(
            "SELECT epoch, next_seq, released FROM meta"
        ).fetchone()
        count, trials, size, last = db.execute(
            "SELECT count(*), coalesce(sum(kind = 'trial'), 0),"
            " coalesce(sum(length(body)), 0), coalesce(max(seq), 0) FROM rows"
        ).fetchone()
        self._tally = _Tally(
            max(next_seq, last + 1, released + 1),
            released,
            count,
            trials,
            size + count * ROW_OVERHEAD,
            db.execute("SELECT count(*) FROM quarantine").fetchone()[0],
        )

    @property
    def next_seq(self) -> int:
        return self._tally.next_seq

    @property
    def released(self) -> int:
        return self._tally.released

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

    def _set_aside(self, why: str) -> None:
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.time_ns() // 1_000_000}")
        for ending in ("", "-wal", "-shm"):
            part = Path(f"{self.path}{ending}")
            if part.exists():
                part.rename(f"{aside}{ending}")
        log.error("The outbox %s is corrupt (%s); set aside as %s.", self.path, why, aside)

    def restart(self, why: str) -> GapRecord | None:
        """After damage at run time: set the file aside and go on counting in a new epoch.

        What was in it is declared as a gap of the old epoch, with the counts last known.
        """
        epoch, old = self.epoch, self._tally
        self._db.close()
        self._set_aside(why)
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
        return self.bytes > self.max_bytes

    def append(self, rows: Sequence[Packed], spare: Sequence[int], under_way: int) -> int:
        """Commit rows, after making room; how many old rows were given up.

        ``spare`` are seqs for the gaps to declare; rows up to ``under_way`` are not given up.
        """
        with self._transaction():
            dropped = 0
            for seq in spare:
                lost = self._drop(under_way)
                if lost is None:
                    break
                dropped += lost.rows
                declared = gap(self.epoch, lost, "the outbox was full")
                rows = [*rows, pack(seq, rows[-1].stamp, declared)]
            self._insert(rows)
        return dropped

    def _insert(self, rows: Sequence[Packed]) -> None:
        self._db.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(r.seq, r.kind, rank(r.kind), *r.stamp, r.body) for r in rows],
        )
        next_seq = rows[-1].seq + 1
        self._db.execute("UPDATE meta SET next_seq = ?", (next_seq,))
        self._tally = replace(
            self._tally,
            next_seq=next_seq,
            count=self.count + len(rows),
            trials=self._tally.trials + sum(r.kind == "trial" for r in rows),
            bytes=self.bytes + sum(len(r.body) for r in rows) + len(rows) * ROW_OVERHEAD,
        )

    def read(self, limit: int, after: int) -> list[Packed]:
        found = self._db.execute(
            f"SELECT {_COLUMNS} FROM rows WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        )
        return [
            Packed(seq, kind, Stamp(boot, monotonic_ms, wall_ms, bool(synced)), body)
            for seq, kind, boot, monotonic_ms, wall_ms, synced, body in found
        ]

    def release(self, up_to: int) -> None:
        """Delete rows up to a seq. Not synced: a release lost in a power cut is only sent again."""
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            with self._transaction():
                self._forget("seq <= ?", (up_to,))
                self._db.execute("UPDATE meta SET released = ?", (up_to,))
                self._tally = replace(self._tally, released=up_to)
        finally:
            self._db.execute("PRAGMA synchronous = FULL")
        self._give_space_back()

    def quarantine(self, seqs: Sequence[int], why: str) -> Lost | None:
        """Move rows that no one takes to the side."""
        where = f"seq IN ({','.join('?' * len(seqs))})"
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO quarantine SELECT ?, seq, kind, body, ?, wall_ms FROM rows"
                f" WHERE {where}",
                (self.epoch, why, *seqs),
            )
            lost = self._forget(where, tuple(seqs))
            more = 0 if lost is None else lost.rows
            self._tally = replace(self._tally, quarantined=self.quarantined + more)
        return lost

    def _drop(self, under_way: int) -> Lost | None:
        """Give up the oldest rows of the lowest rank, as many as bring the file to nine tenths."""
        excess = self.bytes - self.max_bytes * 9 // 10
        if excess <= 0:
            return None
        lowest = self._db.execute(
            "SELECT min(rank) FROM rows WHERE rank < ? AND seq > ?", (KEPT, under_way)
        ).fetchone()[0]
        if lowest is None:
            return None
        most = max(1, excess * self.count // self.bytes)
        limit = self._db.execute(
            "SELECT max(seq) FROM (SELECT seq FROM rows WHERE rank = ? AND seq > ?"
            " ORDER BY seq LIMIT ?)",
            (lowest, under_way, most),
        ).fetchone()[0]
        return self._forget("rank = ? AND seq > ? AND seq <= ?", (lowest, under_way, limit))

    def _forget(self, where: str, values: tuple[int, ...]) -> Lost | None:
        first, last, rows, trials, size = self._db.execute(
            "SELECT min(seq), max(seq), count(*), coalesce(sum(kind = 'trial'), 0),"
            f" coalesce(sum(length(body)), 0) FROM rows WHERE {where}",
            values,
        ).fetchone()
        if not rows:
            return None
        self._db.execute(f"DELETE FROM rows WHERE {where}", values)
        self._tally = replace(
            self._tally,
            count=self.count - rows,
            trials=self._tally.trials - trials,
            bytes=self.bytes - size - rows * ROW_OVERHEAD,
        )
        return Lost(first, last, rows, trials)

    def _give_space_back(self) -> None:
        free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        if free > 256:
            # The statement frees one page per step, and only executescript takes all its steps.
            self._db.executescript("PRAGMA incremental_vacuum(1024)")

    def close(self) -> None:
        self._db.close()
