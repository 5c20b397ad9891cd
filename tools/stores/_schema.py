"""The SQLite schema: migrations in order; ``PRAGMA user_version`` counts those that were done."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Final

from tools.stores._tables import ROW_TABLES, UNKNOWN


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

_ROLLUPS = """
CREATE TABLE hourly (
    stream INTEGER NOT NULL REFERENCES streams, hour INTEGER NOT NULL, session TEXT NOT NULL,
    condition TEXT NOT NULL, severity REAL NOT NULL, level INTEGER NOT NULL, n INTEGER NOT NULL,
    clean_seen INTEGER NOT NULL, perturbed_seen INTEGER NOT NULL, flips INTEGER NOT NULL,
    truth INTEGER NOT NULL, truth_seen INTEGER NOT NULL, drops INTEGER NOT NULL,
    drop_sum REAL NOT NULL, scenes INTEGER NOT NULL, scenes_seen INTEGER NOT NULL,
    scene_flips INTEGER NOT NULL,
    PRIMARY KEY (stream, hour, session, condition, severity, level)) WITHOUT ROWID;
CREATE TABLE hourly_readings (
    stream INTEGER NOT NULL REFERENCES streams, hour INTEGER NOT NULL, name TEXT NOT NULL,
    n INTEGER NOT NULL, total REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    PRIMARY KEY (stream, hour, name)) WITHOUT ROWID;
CREATE TABLE runs (
    stream INTEGER NOT NULL REFERENCES streams, session TEXT NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, trials INTEGER NOT NULL,
    PRIMARY KEY (stream, session)) WITHOUT ROWID;
CREATE TABLE kept (name TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, subject TEXT NOT NULL,
    severity TEXT NOT NULL, opened_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    resolved_ms INTEGER, acknowledged_ms INTEGER, acknowledged_by TEXT, summary TEXT NOT NULL,
    details TEXT NOT NULL);
CREATE TABLE alert_memory (
    rule TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (rule, subject)) WITHOUT ROWID;
CREATE UNIQUE INDEX alerts_open ON alerts (rule, subject) WHERE resolved_ms IS NULL;
DROP INDEX trials_by_session;
CREATE INDEX trials_by_time ON trials (at_ms);
CREATE INDEX phantoms_by_time ON phantoms (at_ms);
CREATE INDEX evidence_by_time ON evidence (at_ms);
CREATE INDEX gaps_by_time ON gaps (at_ms);
CREATE INDEX unknown_rows_by_time ON unknown_rows (at_ms);
CREATE INDEX health_by_age ON health (at_ms);
CREATE INDEX health_by_time ON health (stream, at_ms);
CREATE INDEX runs_by_session ON runs (session);
CREATE INDEX sessions_by_name ON sessions (session);
CREATE INDEX session_ends_by_name ON session_ends (session)
"""

_MADE = """
UPDATE {0} SET at_ms = CASE WHEN wall_ms BETWEEN 1577836800000 AND :now THEN wall_ms
    ELSE coalesce((SELECT seen_ms FROM contacts JOIN streams USING (site, device)
        WHERE streams.id = {0}.stream), :now) END
"""
"""Of rows stored before it was kept: the device's time, where it lies between 2020 and now."""


def _rollups(db: sqlite3.Connection) -> None:
    """When rows were made, and sums by the hour, which are filled when all tables are there."""
    for table in (*ROW_TABLES.values(), UNKNOWN):
        db.execute(f"ALTER TABLE {table} ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0")
        db.execute(_MADE.format(table), {"now": time.time_ns() // 1_000_000})
    for box in ("clean_box", "perturbed_box", "target_box"):
        db.execute(f"ALTER TABLE evidence ADD COLUMN {box} TEXT")
    for column in ("stored", "highest"):
        db.execute(f"ALTER TABLE streams ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE streams ADD COLUMN settled TEXT NOT NULL DEFAULT '[]'")
    db.execute("ALTER TABLE streams ADD COLUMN pruned TEXT NOT NULL DEFAULT '{}'")
    for table in (*ROW_TABLES.values(), UNKNOWN):
        db.execute(
            "UPDATE streams SET stored = stored + its.n, highest = max(highest, its.last) FROM"
            f" (SELECT stream, count(*) AS n, max(seq) AS last FROM {table} GROUP BY stream) AS its"
            " WHERE its.stream = streams.id"
        )
    db.execute(
        "UPDATE streams SET settled = (SELECT json_group_array(json_array(first, last)) FROM"
        " (SELECT first, last FROM received WHERE stream = streams.id ORDER BY first))"
    )
    db.execute("DROP TABLE received")
    for statement in _ROLLUPS.split(";"):
        db.execute(statement)


def _spans(db: sqlite3.Connection) -> None:
    """What the hours of ``hourly`` hold, over longer spans."""
    db.execute(
        "CREATE TABLE spans ("
        " stream INTEGER NOT NULL REFERENCES streams, width INTEGER NOT NULL,"
        " hour INTEGER NOT NULL, session TEXT NOT NULL, condition TEXT NOT NULL,"
        " severity REAL NOT NULL, level INTEGER NOT NULL, n INTEGER NOT NULL,"
        " clean_seen INTEGER NOT NULL, perturbed_seen INTEGER NOT NULL, flips INTEGER NOT NULL,"
        " truth INTEGER NOT NULL, truth_seen INTEGER NOT NULL, drops INTEGER NOT NULL,"
        " drop_sum REAL NOT NULL, scenes INTEGER NOT NULL, scenes_seen INTEGER NOT NULL,"
        " scene_flips INTEGER NOT NULL,"
        " PRIMARY KEY (stream, width, hour, session, condition, severity, level)) WITHOUT ROWID"
    )


def _fresh_sums(db: sqlite3.Connection) -> None:
    """What is to be added to ``hourly``, with its columns, in no order."""
    columns = ", ".join(
        f"{name} {kind} NOT NULL"
        for _, name, kind, *_ in db.execute("PRAGMA table_info(hourly)").fetchall()
    )
    db.execute(f"CREATE TABLE fresh_sums ({columns})")


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (
    _first,
    _placements,
    _contacts_and_unknown_rows,
    _evidence,
    _rollups,
    _spans,
    _fresh_sums,
)
"""Append only: a store of any older version is brought up to date when it is opened."""

COUNTED: Final = 5
"""The version from which on there are sums by the hour: older stores' are made from their rows."""
CONDENSED: Final = 6
"""The version from which on there are sums by longer spans."""
