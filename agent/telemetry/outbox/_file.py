"""The outbox's database file: opened, checked, and set aside where it is damaged."""

from __future__ import annotations

import logging
import sqlite3
import time
import uuid
from pathlib import Path

from agent.record import GapRecord
from agent.telemetry.outbox._loss import Lost, gap

log = logging.getLogger(__name__)

_TABLES = """
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
_SENT = "ALTER TABLE meta ADD COLUMN sent INTEGER NOT NULL DEFAULT 0"
_ENDINGS = ("", "-wal", "-shm")
ASIDES = 2
"""So many damaged files are kept, the newest; at least 2."""


def connect(path: Path) -> sqlite3.Connection:
    """Open or make the database.

    Raises ``sqlite3.DatabaseError`` for damage; ``sqlite3.OperationalError``, its child, for a
    full disk or a closed folder.
    """
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        # A text that a failing disk has changed must not keep the rows behind it from being read.
        db.text_factory = lambda raw: raw.decode(errors="replace")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 256")
        db.execute("PRAGMA journal_size_limit = 1048576")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        db.executescript(_TABLES)
        if "sent" not in [column[1] for column in db.execute("PRAGMA table_info(meta)")]:
            db.execute(_SENT)
        db.execute(
            "INSERT OR IGNORE INTO meta (one, epoch, next_seq, released) VALUES (1, ?, 1, 0)",
            (uuid.uuid4().hex,),
        )
    except BaseException:
        db.close()
        raise
    return db


def set_aside(path: Path, why: str) -> Path:
    """Rename a damaged database, and say so; its new name. Only the newest few are kept."""
    aside = path.with_name(f"{path.name}.corrupt-{time.time_ns() // 1_000_000}")
    for ending in _ENDINGS:
        part = Path(f"{path}{ending}")
        if part.exists():
            part.rename(f"{aside}{ending}")
    log.error("The outbox %s is corrupt (%s); set aside as %s.", path, why, aside)
    _prune(path, aside)
    return aside


def _prune(path: Path, newest: Path) -> None:
    asides = path.parent.glob(f"{path.name}.corrupt-*")
    older = sorted(
        (file for file in asides if file.name.rpartition("-")[2].isdigit() and file != newest),
        key=lambda file: file.stat().st_mtime_ns,
    )
    for file in older[: 1 - ASIDES]:
        for ending in _ENDINGS:
            Path(f"{file}{ending}").unlink(missing_ok=True)


def remains(path: Path) -> GapRecord | None:
    """What a damaged database held, as a gap of its epoch; None where even that is unreadable.

    Where its rows cannot be counted, all that it numbered and that was not freed counts as lost.
    """
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    except sqlite3.Error:
        return None
    try:
        epoch, next_seq, released = db.execute(
            "SELECT epoch, next_seq, released FROM meta"
        ).fetchone()
        rows = trials = next_seq - 1 - released
        try:
            rows, trials = db.execute(
                "SELECT count(*), coalesce(sum(kind = 'trial'), 0) FROM rows"
            ).fetchone()
        except sqlite3.Error:
            log.debug("The rows of %s cannot be counted.", path)
        lost = Lost(released + 1, next_seq - 1, rows, trials)
        return gap(epoch, lost, "the outbox was damaged") if rows else None
    except (sqlite3.Error, TypeError, ValueError):
        return None
    finally:
        db.close()
