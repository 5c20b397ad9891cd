"""The SQLite schema: migrations in order; ``PRAGMA user_version`` counts those that were done."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final


def _first(db: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        db.execute(statement)


def _placements(db: sqlite3.Connection) -> None:
    for column in ("placement", "remark"):
        db.execute(f"ALTER TABLE trials ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


def _contacts_and_unknown_rows(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE contacts (site TEXT NOT NULL, device TEXT NOT NULL, seen_ms INTEGER NOT NULL,"
        " skew_ms INTEGER, synced INTEGER NOT NULL, PRIMARY KEY (site, device)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE unknown_rows (stream INTEGER NOT NULL REFERENCES streams,"
        " seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,"
        " PRIMARY KEY (stream, seq)) WITHOUT ROWID"
    )


def _evidence(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE evidence ("
        " stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL,"
        " wall_ms INTEGER NOT NULL, session TEXT NOT NULL, frame INTEGER NOT NULL,"
        " clip TEXT NOT NULL, target TEXT NOT NULL, number INTEGER NOT NULL,"
        " condition TEXT NOT NULL, severity REAL NOT NULL, width_px INTEGER NOT NULL,"
        " height_px INTEGER NOT NULL, clean TEXT NOT NULL, perturbed TEXT NOT NULL,"
        " PRIMARY KEY (stream, seq)) WITHOUT ROWID"
    )


def _boxes(db: sqlite3.Connection) -> None:
    for column in ("target_box", "clean_box", "perturbed_box"):
        db.execute(f"ALTER TABLE evidence ADD COLUMN {column} TEXT")


_TABLES = """
CREATE TABLE streams (
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, device TEXT NOT NULL, epoch TEXT NOT NULL,
    UNIQUE (site, device, epoch));
CREATE TABLE received (
    stream INTEGER NOT NULL REFERENCES streams, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (stream, first)) WITHOUT ROWID;
CREATE TABLE sessions (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    session TEXT NOT NULL, model_name TEXT NOT NULL, model_sha256 TEXT NOT NULL,
    model_kind TEXT NOT NULL, model_labels INTEGER NOT NULL, model_runtime TEXT NOT NULL,
    profile TEXT NOT NULL, config_sha256 TEXT NOT NULL, suite TEXT NOT NULL,
    strategy TEXT NOT NULL, seed INTEGER NOT NULL, camera TEXT NOT NULL, versions TEXT NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE session_ends (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    session TEXT NOT NULL, frames INTEGER NOT NULL, inferences INTEGER NOT NULL,
    trials INTEGER NOT NULL, flips INTEGER NOT NULL, phantoms INTEGER NOT NULL,
    rejected INTEGER NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE trials (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    session TEXT NOT NULL, frame INTEGER NOT NULL, clip TEXT NOT NULL, target TEXT NOT NULL,
    number INTEGER NOT NULL, track TEXT NOT NULL, distance_m REAL, width_px REAL,
    from_truth INTEGER NOT NULL, condition TEXT NOT NULL, severity REAL NOT NULL, level INTEGER,
    parts TEXT NOT NULL, seed INTEGER NOT NULL, clean_seen INTEGER NOT NULL, clean_label TEXT,
    clean_confidence REAL, perturbed_seen INTEGER NOT NULL, perturbed_label TEXT,
    perturbed_confidence REAL, iou REAL, flip INTEGER NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE phantoms (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    session TEXT NOT NULL, frame INTEGER NOT NULL, clip TEXT NOT NULL, condition TEXT NOT NULL,
    severity REAL NOT NULL, level INTEGER, count INTEGER NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE health (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    session TEXT NOT NULL, readings TEXT NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE gaps (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
    epoch TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL,
    trials INTEGER NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE statuses (
    site TEXT NOT NULL, device TEXT NOT NULL, state TEXT NOT NULL, session TEXT NOT NULL,
    version TEXT NOT NULL, wall_ms INTEGER NOT NULL, PRIMARY KEY (site, device)) WITHOUT ROWID;
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, topic TEXT NOT NULL, why TEXT NOT NULL,
    bytes INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE INDEX trials_by_session ON trials (session)
"""

MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (
    _first,
    _placements,
    _contacts_and_unknown_rows,
    _evidence,
    _boxes,
)
"""Append only: a store of any older version is brought up to date when it is opened."""

ROW_TABLES: Final = {
    "session": "sessions",
    "session_end": "session_ends",
    "trial": "trials",
    "phantom": "phantoms",
    "health": "health",
    "evidence": "evidence",
    "gap": "gaps",
}
"""A record's kind -> its table, whose columns are stream, seq, wall_ms and the record's fields.

Rows of other kinds are in ``unknown_rows`` as JSON.
"""
