"""Rollups made anew from the rows, by what counts them when they arrive."""

from __future__ import annotations

import json
import time
from itertools import groupby
from typing import Any, Final

from tools.stores._database import Database
from tools.stores._hours import add, fold
from tools.stores._rollups import NAMES, Memory, Rollup
from tools.stores._spans import condense, forget
from tools.stores._values import HOUR_MS

MOST_SUMS: Final = 50_000
"""Sums in memory, before they are added to the store's."""
TOGETHER: Final = 1_000

_TRIALS: Final = (
    f"SELECT stream, seq, at_ms, {', '.join(NAMES)} FROM trials WHERE at_ms >= :since"
    " ORDER BY stream, seq"
)
_HEALTH: Final = "SELECT stream, at_ms, readings FROM health WHERE at_ms >= :since ORDER BY stream"


def rebuild(db: Database) -> None:
    """Within the transaction; hours of which rows were pruned, and such streams' runs, stay."""
    if db.hold:
        db.execute(db.hold)
    fold(db, wait=True)  # nor does anyone else add up until the end
    since = {name: -(-at // HOUR_MS) * HOUR_MS for name, at in db.execute("SELECT * FROM kept")}
    trials, health = since.get("trials", 0), since.get("health", 0)
    db.execute("DELETE FROM hourly WHERE hour >= :since", {"since": trials})
    forget(db, trials)
    db.execute("DELETE FROM hourly_readings WHERE hour >= :since", {"since": health})
    pruned = _pruned(db)
    for (stream,) in db.execute("SELECT DISTINCT stream FROM runs"):
        if stream not in pruned:
            db.execute("DELETE FROM runs WHERE stream = :stream", {"stream": stream})
    memory = Memory()
    rollup = Rollup(memory, without_runs=pruned)
    _trials(db, memory, rollup, trials)
    _health(db, memory, rollup, health)
    add(db, memory, rollup)
    fold(db)
    condense(db, time.time_ns() // 1_000_000)


def _trials(db: Database, memory: Memory, rollup: Rollup, since: int) -> None:
    rows = db.scan(_TRIALS, {"since": since})
    for (stream, _), some in groupby(
        enumerate(rows), lambda item: (item[1][0], item[0] // TOGETHER)
    ):
        _, seqs, made, *columns = zip(*(row for _, row in some), strict=True)
        rollup.add_trials(stream, seqs, made, zip(*columns, strict=True))
        _relieve(db, memory, rollup)


def _health(db: Database, memory: Memory, rollup: Rollup, since: int) -> None:
    rows = db.scan(_HEALTH, {"since": since})
    for (stream, _), some in groupby(
        enumerate(rows), lambda item: (item[1][0], item[0] // TOGETHER)
    ):
        rollup.add_health(stream, ((row[1], json.loads(row[2])) for _, row in some))
        _relieve(db, memory, rollup)


def _relieve(db: Database, memory: Memory, rollup: Rollup) -> None:
    if len(rollup) > MOST_SUMS:
        add(db, memory, rollup)


def _pruned(db: Database) -> frozenset[Any]:
    found = db.execute("SELECT id, pruned FROM streams")
    return frozenset(number for number, pruned in found if "trials" in json.loads(pruned))
