"""Sums over the rollups, by what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from agent.errors import UsageError
from tools.stores._database import Database
from tools.stores._queries import MODELS, both, senders, times, values
from tools.stores._rollups import NO_LEVEL, SUMS
from tools.stores._values import Scope

BY: Final = {
    "hour": "its.hour",
    "site": "streams.site",
    "device": "streams.device",
    "session": "its.session",
    "model": "models.model_sha256",
    "condition": "its.condition",
    "severity": "its.severity",
    "level": "nullif(its.level, :none)",
}
_KEPT: Final = ("hour", "session", "condition", "severity", "level")

# What is summed first, by stream, is so little that the joins cost nothing.
_QUERY: Final = """
WITH its AS (SELECT {keys}, {sums} FROM hourly WHERE {rows} GROUP BY {keys}), {models}
SELECT {names}{all} FROM its JOIN streams ON streams.id = its.stream
LEFT JOIN models ON models.site = streams.site AND models.device = streams.device
    AND models.session = {session}
WHERE {wanted} {group}
"""
_STREAMS: Final = "stream IN (SELECT id FROM streams WHERE {})"
_RUNS: Final = "stream IN (SELECT stream FROM runs WHERE session = :session)"

_READINGS: Final = """
SELECT hour, name, CAST(sum(n) AS BIGINT) AS n, sum(total) AS total, min(low) AS low,
    max(high) AS high
FROM hourly_readings WHERE {} GROUP BY hour, name ORDER BY hour, name
"""


def sums(db: Database, scope: Scope, by: Sequence[str]) -> Iterator[dict[str, Any]]:
    """See ``Store.sums``."""
    strange = [name for name in by if name not in BY]
    if strange:
        raise UsageError(
            f"Sums cannot be made by {strange[0]!r}.", remedy=f"Known: {', '.join(BY)}."
        )
    found = db.select(_query(scope, by), values(scope) | {"none": NO_LEVEL})
    return (row for row in found if row["n"])


def readings(db: Database, scope: Scope) -> Iterator[dict[str, Any]]:
    """See ``Store.readings``."""
    wanted = times(scope, "hour")
    wanted += [_STREAMS.format(both(senders(scope)))] if senders(scope) else []
    return db.select(_READINGS.format(both(wanted)), values(scope))


def _query(scope: Scope, by: Sequence[str]) -> str:
    rows = times(scope, "hour")
    # A range of each stream's hours is read, and not all of the table.
    rows.append(_STREAMS.format(both(senders(scope))))
    rows += ["session = :session", _RUNS] if scope.session else []
    rows += ["condition = :condition"] if scope.condition else []
    session = bool({"session", "model"} & set(by) or scope.model)
    keys = ["stream", *(name for name in _KEPT if name in by or (name == "session" and session))]
    names = "".join(f"{BY[name]} AS {name}, " for name in by)
    places = [str(place) for place in range(1, len(by) + 1)]
    order = ", ".join(f"{place} NULLS FIRST" for place in places)
    return _QUERY.format(
        keys=", ".join(keys),
        sums=", ".join(f"sum({name}) AS {name}" for name in SUMS),
        rows=both(rows),
        models=MODELS,
        names=names,
        all=", ".join(_whole(name) for name in SUMS),
        session="its.session" if session else "''",
        wanted="models.model_sha256 = :model" if scope.model else "1 = 1",
        group=f"GROUP BY {', '.join(places)} ORDER BY {order}" if by else "",
    )


def _whole(name: str) -> str:
    total = f"sum(its.{name})"
    return f"{total} AS {name}" if name == "drop_sum" else f"CAST({total} AS BIGINT) AS {name}"
