"""PostgreSQL's schema: migrations in order; the table ``schema_version`` tells how many were done.

No foreign keys: to check one costs more than to store a row, and rows come from one place only.
Text is ordered by its bytes, as SQLite does it.
"""

from __future__ import annotations

from typing import Final

_ROW: Final = """stream BIGINT NOT NULL, seq BIGINT NOT NULL, wall_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL"""

_FIRST: Final = f"""
CREATE TABLE streams (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site TEXT NOT NULL, device TEXT NOT NULL,
    epoch TEXT NOT NULL, stored BIGINT NOT NULL DEFAULT 0, highest BIGINT NOT NULL DEFAULT 0,
    settled TEXT NOT NULL DEFAULT '[]', pruned TEXT NOT NULL DEFAULT '{{}}',
    UNIQUE (site, device, epoch)) WITH (fillfactor = 50);
CREATE TABLE sessions (
    {_ROW}, session TEXT NOT NULL, model_name TEXT NOT NULL, model_sha256 TEXT NOT NULL,
    model_kind TEXT NOT NULL, model_labels BIGINT NOT NULL, model_runtime TEXT NOT NULL,
    profile TEXT NOT NULL, config_sha256 TEXT NOT NULL, suite TEXT NOT NULL,
    strategy TEXT NOT NULL, seed BIGINT NOT NULL, camera TEXT NOT NULL, versions TEXT NOT NULL,
    PRIMARY KEY (stream, seq));
CREATE TABLE session_ends (
    {_ROW}, session TEXT NOT NULL, frames BIGINT NOT NULL, inferences BIGINT NOT NULL,
    trials BIGINT NOT NULL, flips BIGINT NOT NULL, phantoms BIGINT NOT NULL,
    rejected BIGINT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (stream, seq));
CREATE TABLE trials (
    {_ROW}, session TEXT NOT NULL, frame BIGINT NOT NULL, clip TEXT NOT NULL, target TEXT NOT NULL,
    number BIGINT NOT NULL, track TEXT NOT NULL, distance_m DOUBLE PRECISION,
    width_px DOUBLE PRECISION, from_truth BOOLEAN NOT NULL, condition TEXT NOT NULL,
    severity DOUBLE PRECISION NOT NULL, level BIGINT, parts TEXT NOT NULL, seed BIGINT NOT NULL,
    clean_seen BOOLEAN NOT NULL, clean_label TEXT, clean_confidence DOUBLE PRECISION,
    perturbed_seen BOOLEAN NOT NULL, perturbed_label TEXT, perturbed_confidence DOUBLE PRECISION,
    iou DOUBLE PRECISION, flip BOOLEAN NOT NULL, placement TEXT NOT NULL, remark TEXT NOT NULL,
    PRIMARY KEY (stream, seq, at_ms)) PARTITION BY RANGE (at_ms);
CREATE TABLE phantoms (
    {_ROW}, session TEXT NOT NULL, frame BIGINT NOT NULL, clip TEXT NOT NULL,
    condition TEXT NOT NULL, severity DOUBLE PRECISION NOT NULL, level BIGINT,
    count BIGINT NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE health (
    {_ROW}, session TEXT NOT NULL, readings TEXT NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE evidence (
    {_ROW}, session TEXT NOT NULL, frame BIGINT NOT NULL, clip TEXT NOT NULL, target TEXT NOT NULL,
    number BIGINT NOT NULL, condition TEXT NOT NULL, severity DOUBLE PRECISION NOT NULL,
    width_px BIGINT NOT NULL, height_px BIGINT NOT NULL, clean TEXT NOT NULL,
    perturbed TEXT NOT NULL, clean_box TEXT, perturbed_box TEXT, target_box TEXT,
    PRIMARY KEY (stream, seq));
CREATE TABLE gaps (
    {_ROW}, epoch TEXT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, rows BIGINT NOT NULL,
    trials BIGINT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE unknown_rows (
    {_ROW}, kind TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (stream, seq));
CREATE TABLE statuses (
    site TEXT NOT NULL, device TEXT NOT NULL, state TEXT NOT NULL, session TEXT NOT NULL,
    version TEXT NOT NULL, wall_ms BIGINT NOT NULL, PRIMARY KEY (site, device));
CREATE TABLE contacts (
    site TEXT NOT NULL, device TEXT NOT NULL, seen_ms BIGINT NOT NULL, skew_ms BIGINT,
    synced BOOLEAN NOT NULL, PRIMARY KEY (site, device)) WITH (fillfactor = 50);
CREATE TABLE dead_letters (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at_ms BIGINT NOT NULL,
    topic TEXT NOT NULL, why TEXT NOT NULL, bytes BIGINT NOT NULL, payload BYTEA NOT NULL);
CREATE TABLE hourly (
    stream BIGINT NOT NULL, hour BIGINT NOT NULL, session TEXT NOT NULL, condition TEXT NOT NULL,
    severity DOUBLE PRECISION NOT NULL, level BIGINT NOT NULL, n INTEGER NOT NULL,
    clean_seen INTEGER NOT NULL, perturbed_seen INTEGER NOT NULL, flips INTEGER NOT NULL,
    truth INTEGER NOT NULL, truth_seen INTEGER NOT NULL, drops INTEGER NOT NULL,
    drop_sum DOUBLE PRECISION NOT NULL, scenes INTEGER NOT NULL, scenes_seen INTEGER NOT NULL,
    scene_flips INTEGER NOT NULL,
    PRIMARY KEY (stream, hour, session, condition, severity, level)) WITH (fillfactor = 70);
CREATE TABLE hourly_readings (
    stream BIGINT NOT NULL, hour BIGINT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,
    total DOUBLE PRECISION NOT NULL, low DOUBLE PRECISION NOT NULL, high DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (stream, hour, name)) WITH (fillfactor = 70);
CREATE TABLE runs (
    stream BIGINT NOT NULL, session TEXT NOT NULL, first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL, trials BIGINT NOT NULL,
    PRIMARY KEY (stream, session)) WITH (fillfactor = 70);
CREATE TABLE kept (name TEXT PRIMARY KEY, since_ms BIGINT NOT NULL);
CREATE TABLE alerts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, rule TEXT NOT NULL, subject TEXT NOT NULL,
    severity TEXT NOT NULL, opened_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL,
    resolved_ms BIGINT, acknowledged_ms BIGINT, acknowledged_by TEXT, summary TEXT NOT NULL,
    details TEXT NOT NULL);
CREATE TABLE alert_memory (
    rule TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (rule, subject));
CREATE UNIQUE INDEX alerts_open ON alerts (rule, subject) WHERE resolved_ms IS NULL;
CREATE INDEX phantoms_by_time ON phantoms (at_ms);
CREATE INDEX evidence_by_time ON evidence (at_ms, stream, seq);
CREATE INDEX gaps_by_time ON gaps (at_ms);
CREATE INDEX unknown_rows_by_time ON unknown_rows (at_ms);
CREATE INDEX health_by_age ON health (at_ms);
CREATE INDEX health_by_time ON health (stream, at_ms);
CREATE INDEX runs_by_session ON runs (session);
CREATE INDEX sessions_by_name ON sessions (session);
CREATE INDEX session_ends_by_name ON session_ends (session)
"""

_SPANS: Final = """
CREATE TABLE spans (
    stream BIGINT NOT NULL, width BIGINT NOT NULL, hour BIGINT NOT NULL, session TEXT NOT NULL,
    condition TEXT NOT NULL, severity DOUBLE PRECISION NOT NULL, level BIGINT NOT NULL,
    n INTEGER NOT NULL, clean_seen INTEGER NOT NULL, perturbed_seen INTEGER NOT NULL,
    flips INTEGER NOT NULL, truth INTEGER NOT NULL, truth_seen INTEGER NOT NULL,
    drops INTEGER NOT NULL, drop_sum DOUBLE PRECISION NOT NULL, scenes INTEGER NOT NULL,
    scenes_seen INTEGER NOT NULL, scene_flips INTEGER NOT NULL,
    PRIMARY KEY (stream, width, hour, session, condition, severity, level))
"""

_FRESH_SUMS: Final = """
CREATE TABLE fresh_sums (LIKE hourly INCLUDING DEFAULTS);
CREATE VIEW sums_by_hour AS SELECT * FROM hourly UNION ALL SELECT * FROM fresh_sums
"""
"""The view is for whoever reads the store by SQL, as Grafana does."""

MIGRATIONS: Final[tuple[str, ...]] = tuple(
    text.replace(" TEXT", ' TEXT COLLATE "C"') for text in (_FIRST, _SPANS, _FRESH_SUMS)
)
"""Append only: a store of any older version is brought up to date when it is opened."""
