"""What readers ask of the SQLite store, as SQL."""

from __future__ import annotations

from typing import Final

from tools.stores._schema import ROW_TABLES

# A session is its device's: whatever another sends under the same name is not counted with it.
SESSIONS: Final = """
SELECT streams.site, streams.device, streams.epoch, sessions.*,
    ends.frames, ends.inferences, ends.trials AS trials_counted, ends.flips,
    ends.phantoms, ends.rejected, ends.why, ends.wall_ms AS end_ms,
    (SELECT count(*) FROM trials JOIN streams AS its ON its.id = trials.stream
        WHERE trials.session = sessions.session
        AND its.site = streams.site AND its.device = streams.device) AS trials_stored
FROM sessions JOIN streams ON streams.id = sessions.stream
LEFT JOIN (SELECT session_ends.*, site, device FROM session_ends
        JOIN streams ON streams.id = session_ends.stream) AS ends
    ON ends.session = sessions.session AND ends.site = streams.site
    AND ends.device = streams.device
ORDER BY sessions.stream, sessions.seq
"""

TRIALS: Final = """
SELECT * FROM trials WHERE session = :session AND (:device = '' OR stream IN
    (SELECT id FROM streams WHERE site = :site AND device = :device))
ORDER BY stream, seq
"""

COUNTS: Final = """
SELECT condition, severity, level, count(*) AS n, sum(clean_seen) AS clean_seen,
    sum(perturbed_seen) AS perturbed_seen, sum(flip) AS flips FROM trials
WHERE ? IN ('', session) GROUP BY condition, severity, level
ORDER BY condition, severity
"""

DEAD_LETTERS: Final = """
SELECT topic, count(*) AS letters, max(id) AS last, at_ms AS last_ms, why FROM dead_letters
GROUP BY topic ORDER BY topic
"""
"""With ``max`` in it, SQLite takes the bare columns from the row that has the maximum."""

CONTACT: Final = """
INSERT INTO contacts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    seen_ms = max(seen_ms, excluded.seen_ms),
    synced = CASE WHEN excluded.skew_ms IS NULL THEN synced ELSE excluded.synced END,
    skew_ms = coalesce(excluded.skew_ms, skew_ms)
"""

UNKNOWN_ROW: Final = "INSERT INTO unknown_rows VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"

STREAMS: Final = "SELECT id, site, device, epoch FROM streams ORDER BY id"

STORED: Final = "SELECT stream, sum(n) FROM ({}) GROUP BY stream".format(
    " UNION ALL ".join(
        f"SELECT stream, count(*) AS n FROM {table} GROUP BY stream"
        for table in (*ROW_TABLES.values(), "unknown_rows")
    )
)

ROWS: Final = {
    **{
        table: f"SELECT streams.site, streams.device, {table}.* FROM {table}"
        f" JOIN streams ON streams.id = {table}.stream ORDER BY stream, seq"
        for table in (*ROW_TABLES.values(), "unknown_rows")
    },
    **{table: f"SELECT * FROM {table}" for table in ("statuses", "contacts", "dead_letters")},
    "last_health": "SELECT streams.site, streams.device, health.* FROM streams"
    " JOIN health ON health.stream = streams.id AND health.seq ="
    " (SELECT max(seq) FROM health WHERE stream = streams.id) ORDER BY streams.id",
}
"""A table's name -> all its rows; of ``last_health``, each stream's newest row of ``health``."""
