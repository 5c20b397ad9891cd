"""What is older than it has to be kept goes, in portions, so that a collector never waits long."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final

from tools.stores._database import Database
from tools.stores._hours import fold
from tools.stores._spans import WIDEST
from tools.stores._tables import UNKNOWN
from tools.stores._values import Retention

PORTION: Final = 5_000
"""Rows that are taken out in one transaction."""
DAY_MS: Final = 86_400_000

Transaction = Callable[[], AbstractContextManager[None]]

_OLD: Final = "SELECT stream, seq FROM {} WHERE at_ms < :before ORDER BY at_ms LIMIT :most"
_KEPT: Final = """
INSERT INTO kept (name, since_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET
    since_ms = CASE WHEN excluded.since_ms > kept.since_ms
        THEN excluded.since_ms ELSE kept.since_ms END
"""


def prune(db: Database, transaction: Transaction, retention: Retention) -> dict[str, int]:
    """See ``Store.prune``; each ``transaction`` is one that may write."""
    gone: dict[str, int] = {}
    if retention.trials_days is not None:
        before = _before(retention.trials_days)
        gone["trials"] = db.prune_trials(before, transaction)
        for table in ("phantoms", UNKNOWN):
            gone[table] = prune_rows(db, transaction, table, before)
    for table, days in (("evidence", retention.evidence_days), ("health", retention.health_days)):
        if days is not None:
            gone[table] = prune_rows(db, transaction, table, _before(days))
    if retention.rollups_days is not None:
        # Whole spans, so that hours and spans say the same.
        before = _before(retention.rollups_days) // WIDEST * WIDEST
        with transaction():
            fold(db)
        for table in ("hourly", "hourly_readings", "spans"):
            gone[table] = _prune_hours(db, transaction, table, before)
    db.give_back()
    return gone


def prune_rows(db: Database, transaction: Transaction, table: str, before: int) -> int:
    """Take out rows made before a time, and note for each stream which were."""
    with transaction():
        keep_from(db, table, before)
    gone = 0
    while True:
        with transaction():
            rows = db.execute(_OLD.format(table), {"before": before, "most": PORTION})
            newest: dict[int, int] = defaultdict(int)
            for stream, seq in rows:
                newest[stream] = max(newest[stream], seq)
            note(db, table, newest.items())
            db.many(f"DELETE FROM {table} WHERE stream = ? AND seq = ?", rows)
        gone += len(rows)
        if len(rows) < PORTION:
            return gone


def keep_from(db: Database, table: str, since_ms: int) -> None:
    """Note, within the transaction, that a table is whole only from a time on."""
    db.many(_KEPT, [(table, since_ms)])


def note(db: Database, table: str, newest: Iterable[tuple[int, int]]) -> None:
    """Note, within the transaction, up to which number a stream's rows were pruned."""
    for stream, seq in sorted(newest):
        ((text,),) = db.execute(
            f"SELECT pruned FROM streams WHERE id = :id{db.for_update}", {"id": stream}
        )
        pruned = json.loads(text)
        pruned[table] = max(seq, pruned.get(table, 0))
        db.many("UPDATE streams SET pruned = ? WHERE id = ?", [(json.dumps(pruned), stream)])


def _prune_hours(db: Database, transaction: Transaction, table: str, before: int) -> int:
    gone = 0
    with transaction():
        streams = db.execute("SELECT id FROM streams ORDER BY id")
    query = f"DELETE FROM {table} WHERE stream = :stream AND hour < :before RETURNING hour"
    for (stream,) in streams:
        with transaction():
            gone += len(db.execute(query, {"stream": stream, "before": before}))
    return gone


def _before(days: float) -> int:
    return int(time.time() * 1000 - days * DAY_MS)
