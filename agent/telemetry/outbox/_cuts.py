"""How far to cut when room is short: queries on the outbox's database that change no row."""

from __future__ import annotations

import sqlite3

from agent.record import Stamp
from agent.telemetry.outbox._loss import KEPT, LAST

ROW_OVERHEAD = 120
"""Bytes on disk beside a row's body: its columns, two B-tree entries, page slack."""
AT_ONCE = 20_000
"""So many rows are given up for their age in one transaction."""
_AGE = (
    "(CASE WHEN boot = :boot THEN :monotonic_ms - monotonic_ms ELSE max(:monotonic_ms,"
    " CASE WHEN synced AND :synced THEN :wall_ms - wall_ms ELSE 0 END) END)"
)
"""A row's age in ms. Within a boot the monotonic clock tells it; a row of an earlier boot is as
old as this boot at least, and as the wall clocks say where both were synchronised."""


def has_old(db: sqlite3.Connection, now: Stamp, sent: int, most_ms: int) -> bool:
    """Whether the first row above ``sent`` that may go for its age is too old."""
    found = db.execute(
        f"SELECT {_AGE} > :most FROM rows WHERE rank < :last AND seq > :sent ORDER BY seq LIMIT 1",
        _named(now, sent, most_ms),
    ).fetchone()
    return found is not None and bool(found[0])


def up_to_age(db: sqlite3.Connection, now: Stamp, sent: int, most_ms: int) -> int:
    """The last of the first rows above ``sent`` that are too old; ``sent`` where none is."""
    last = sent
    for seq, is_old in db.execute(
        f"SELECT seq, {_AGE} > :most FROM rows WHERE rank < :last AND seq > :sent"
        f" ORDER BY seq LIMIT {AT_ONCE}",
        _named(now, sent, most_ms),
    ):
        if not is_old:
            break
        last = seq
    return last


def lowest_rank(db: sqlite3.Connection, sent: int) -> int | None:
    """The lowest rank among the rows above ``sent``; None where all of them are kept."""
    found = db.execute(
        "SELECT min(rank) FROM rows WHERE rank < ? AND seq > ?", (KEPT, sent)
    ).fetchone()[0]
    return None if found is None else int(found)


def up_to_size(db: sqlite3.Connection, rank: int, sent: int, excess: int) -> int:
    """Up to where the rows of a rank above ``sent`` must go to free ``excess`` bytes."""
    last = sent
    for seq, size in db.execute(
        "SELECT seq, length(body) FROM rows WHERE rank = ? AND seq > ? ORDER BY seq", (rank, sent)
    ):
        last, excess = seq, excess - size - ROW_OVERHEAD
        if excess <= 0:
            break
    return last


def _named(now: Stamp, sent: int, most_ms: int) -> dict[str, int | str]:
    return {**now._asdict(), "most": most_ms, "last": LAST, "sent": sent}
