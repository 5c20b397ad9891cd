"""The names of the tables that hold rows, in stores of every kind."""

from __future__ import annotations

from typing import Final

ROW_TABLES: Final = {
    "session": "sessions",
    "session_end": "session_ends",
    "trial": "trials",
    "phantom": "phantoms",
    "health": "health",
    "evidence": "evidence",
    "gap": "gaps",
}
"""A record's kind -> its table, whose columns are stream, seq, wall_ms, at_ms and the record's
fields; stream and seq are its key."""
UNKNOWN: Final = "unknown_rows"
"""Rows of other kinds, as JSON."""
ONCE: Final = "ON CONFLICT DO NOTHING"
