"""How what is counted reaches the sums: appended with each commit, added up once for many.

To add to a sum costs several times what a new row does, and one commit of a whole fleet meets
nearly each of its sums with a single trial. So a commit appends to ``fresh_sums``, which readers
read beside ``hourly``; when it has grown, or is old, whoever stores then adds it to the hours, and
to those spans that are made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from tools.stores import _spans
from tools.stores._database import Database
from tools.stores._rollups import SUMS, Memory, Rollup

FRESH: Final = "fresh_sums"
FOLD_ROWS = 50_000
FOLD_S = 30.0

KEY: Final = ("stream", "hour", "session", "condition", "severity", "level")
COLUMNS: Final = (*KEY, *SUMS)

_PLUS: Final = "{1}.{0} + excluded.{0}"
_LEAST: Final = "CASE WHEN excluded.{0} < {1}.{0} THEN excluded.{0} ELSE {1}.{0} END"
_MOST: Final = "CASE WHEN excluded.{0} > {1}.{0} THEN excluded.{0} ELSE {1}.{0} END"
_KEYS: Final = {
    "hourly": KEY,
    "spans": _spans.KEY,
    "hourly_readings": ("stream", "hour", "name"),
    "runs": ("stream", "session"),
}
_ADDED: Final[Mapping[str, Mapping[str, str]]] = {
    "hourly": dict.fromkeys(SUMS, _PLUS),
    "spans": dict.fromkeys(SUMS, _PLUS),
    "hourly_readings": {"n": _PLUS, "total": _PLUS, "low": _LEAST, "high": _MOST},
    "runs": {"first_seq": _LEAST, "last_seq": _MOST, "trials": _PLUS},
}


def _merge(table: str) -> str:
    changes = (f"{name} = {how.format(name, table)}" for name, how in _ADDED[table].items())
    return f"ON CONFLICT ({', '.join(_KEYS[table])}) DO UPDATE SET {', '.join(changes)}"


_MERGE: Final = {table: _merge(table) for table in _KEYS}

# In the order of the key: of two who change the same rows, none waits for the other in a circle.
_FOLD: Final = f"""
INSERT INTO {{table}} ({{names}}, {", ".join(SUMS)})
SELECT {{keys}}, {", ".join(f"sum({name})" for name in SUMS)} FROM {{source}}
WHERE hour < :until GROUP BY {{keys}} ORDER BY {{keys}} {{merge}}
"""
_END_OF_TIME: Final = 2**62


def add(db: Database, memory: Memory, rollup: Rollup) -> None:
    """Keep what was counted, within the transaction."""
    tables = rollup.take()
    fresh = tables.pop("hourly")
    if fresh:
        db.insert(FRESH, COLUMNS, fresh, "")
    for table, rows in tables.items():
        if rows:
            db.insert(table, (*_KEYS[table], *_ADDED[table]), rows, _MERGE[table])
    memory.fresh += len(fresh)
    if memory.fresh >= FOLD_ROWS or time.monotonic() - memory.folded_s >= FOLD_S:
        memory.fresh, memory.folded_s = 0, time.monotonic()
        memory.swept = fold(db)


def fold(db: Database, *, wait: bool = False) -> bool:
    """Add what was appended to the hours and spans, within the transaction, and sum the spans that
    are over. Somebody else who is at it is waited for, or it is left to them: then False.
    """
    if not db.alone(wait=wait):
        return False
    made = _spans.condensed(dict(db.execute("SELECT name, since_ms FROM kept")))
    with db.taking(FRESH) as source:
        keys = ", ".join(KEY)
        _fold(db, "hourly", source, keys, keys, _END_OF_TIME)
        for width, until in made.items():
            if not until:
                continue
            spans = keys.replace("hour", f"hour - hour % {width}")
            _fold(db, "spans", source, keys, spans, until, width)
    now = time.time_ns() // 1_000_000
    if _spans.is_due(now, made):
        _spans.condense(db, now)
    return True


def _fold(
    db: Database, table: str, source: str, names: str, keys: str, until: int, width: int = 0
) -> None:
    if width:
        names, keys = f"{names}, width", f"{keys}, CAST({width} AS BIGINT)"
    query = _FOLD.format(table=table, names=names, keys=keys, source=source, merge=_MERGE[table])
    db.execute(query, {"until": until})
