"""Sums over the rollups, by what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from agent.errors import UsageError
from tools.stores._database import Database
from tools.stores._queries import MODELS, both, senders, times, values
from tools.stores._rollups import NO_LEVEL, SUMS
from tools.stores._spans import Piece, condensed, pieces
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
WITH its AS ({pieces}), {models}
SELECT {names}{all} FROM its JOIN streams ON streams.id = its.stream
LEFT JOIN models ON models.site = streams.site AND models.device = streams.device
    AND models.session = {session}
WHERE {wanted} {group}
"""
_PIECE: Final = "SELECT {keys}, {sums} FROM {table} WHERE {rows} GROUP BY {keys}"
_FRESH: Final = -1
"""Stands for what is not yet added up as the width of a piece."""
_TABLES: Final = {0: "hourly", _FRESH: "fresh_sums"}
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
    if "hour" in by:
        parts = [Piece(0, scope.from_hour, scope.to_hour)]
    else:
        kept = {row["name"]: row["since_ms"] for row in db.select("SELECT * FROM kept")}
        parts = list(pieces(scope.from_hour, scope.to_hour, condensed(kept)))
    if not parts:
        return iter(())
    parts.append(Piece(_FRESH, scope.from_hour, scope.to_hour))
    found = db.select(_query(scope, by, parts), values(scope) | _bounds(parts))
    return (row for row in found if row["n"])


def _bounds(parts: Sequence[Piece]) -> dict[str, int | None]:
    bounds: dict[str, int | None] = {"none": NO_LEVEL}
    for place, part in enumerate(parts):
        bounds |= {f"{name}{place}": value for name, value in part._asdict().items()}
    return bounds


def readings(db: Database, scope: Scope) -> Iterator[dict[str, Any]]:
    """See ``Store.readings``."""
    wanted = times(scope, "hour")
    wanted += [_STREAMS.format(both(senders(scope)))] if senders(scope) else []
    return db.select(_READINGS.format(both(wanted)), values(scope))


def _query(scope: Scope, by: Sequence[str], parts: Sequence[Piece]) -> str:
    # A range of each stream's hours is read, and not all of the table.
    rows = [_STREAMS.format(both(senders(scope)))]
    rows += ["session = :session", _RUNS] if scope.session else []
    rows += ["condition = :condition"] if scope.condition else []
    session = bool({"session", "model"} & set(by) or scope.model)
    keys = ["stream", *(name for name in _KEPT if name in by or (name == "session" and session))]
    names = "".join(f"{BY[name]} AS {name}, " for name in by)
    places = [str(place) for place in range(1, len(by) + 1)]
    order = ", ".join(f"{place} NULLS FIRST" for place in places)
    return _QUERY.format(
        pieces=" UNION ALL ".join(
            _PIECE.format(
                keys=", ".join(keys),
                sums=", ".join(f"sum({name}) AS {name}" for name in SUMS),
                table=_TABLES.get(part.width, "spans"),
                rows=both([*rows, *_stretch(place, part)]),
            )
            for place, part in enumerate(parts)
        ),
        models=MODELS,
        names=names,
        all=", ".join(_whole(name) for name in SUMS),
        session="its.session" if session else "''",
        wanted="models.model_sha256 = :model" if scope.model else "1 = 1",
        group=f"GROUP BY {', '.join(places)} ORDER BY {order}" if by else "",
    )


def _stretch(place: int, part: Piece) -> list[str]:
    wanted = [] if part.width in _TABLES else [f"width = :width{place}"]
    wanted += [] if part.since is None else [f"hour >= :since{place}"]
    return wanted + ([] if part.until is None else [f"hour < :until{place}"])


def _whole(name: str) -> str:
    total = f"sum(its.{name})"
    return f"{total} AS {name}" if name == "drop_sum" else f"CAST({total} AS BIGINT) AS {name}"
