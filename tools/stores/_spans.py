"""Sums over longer spans than hours, so that a page over weeks reads about as much as one of a day.

When a span of 6 or 48 hours is over, its hours are summed once more, by whoever stores then; up to
where that was done is kept beside the sums. A row that comes later, for an hour before, is added
to the hour and to the spans: so both are always whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tools.stores._database import Database
from tools.stores._rollups import SUMS
from tools.stores._values import HOUR_MS

WIDTHS: Final = (6 * HOUR_MS, 48 * HOUR_MS)
"""Each a multiple of the one before."""
WIDEST: Final = WIDTHS[-1]
LATE_MS: Final = HOUR_MS // 2
"""So long after its end a span is summed: most of what comes late has come."""
KEY: Final = ("stream", "width", "hour", "session", "condition", "severity", "level")

_ALL: Final = "stream IN (SELECT id FROM streams)"
"""So that of each stream only the hours in question are read."""
_REST: Final = "stream, session, condition, severity, level"
_CONDENSE: Final = f"""
INSERT INTO spans ({", ".join(KEY)}, {", ".join(SUMS)})
SELECT stream, CAST(:width AS BIGINT), hour - hour % :width, session, condition, severity, level,
    {", ".join(f"sum({name})" for name in SUMS)}
FROM {{}} AND hour >= :since AND hour < :until
GROUP BY hour - hour % :width, {_REST}
"""
_UNTIL: Final = """
INSERT INTO kept (name, since_ms) VALUES (:name, :until)
ON CONFLICT (name) DO UPDATE SET since_ms = excluded.since_ms
"""


class Piece(NamedTuple):
    """Hours from ``since`` (None: the first) to ``until`` (None: the last), in ms, and the width
    of the spans that they are read from; 0: from the hours themselves."""

    width: int
    since: int | None
    until: int | None


def condensed(names: Mapping[str, int]) -> dict[int, int]:
    """Width -> up to which ms its spans are made, of what ``kept`` holds."""
    return {width: names.get(_name(width), 0) for width in WIDTHS}


def pieces(since: int | None, until: int | None, made: Mapping[int, int]) -> Iterator[Piece]:
    """A stretch of whole hours as pieces, the widest spans first."""
    yield from _pieces(since, until, [(width, made[width]) for width in reversed(WIDTHS)])


def _pieces(
    since: int | None, until: int | None, levels: Sequence[tuple[int, int]]
) -> Iterator[Piece]:
    if since is not None and until is not None and since >= until:
        return
    if not levels:
        yield Piece(0, since, until)
        return
    (width, made), *finer = levels
    first = None if since is None else -(-since // width) * width
    end = made if until is None else min(made, until // width * width)
    if end <= (first or 0):
        yield from _pieces(since, until, finer)
        return
    yield Piece(width, first, end)
    if first is not None:
        yield from _pieces(since, first, finer)
    yield from _pieces(end, until, finer)


def condense(db: Database, now_ms: int) -> None:
    """Sum the spans that are over, within the transaction."""
    made = condensed(dict(db.execute("SELECT name, since_ms FROM kept")))
    source, values = f"hourly WHERE {_ALL}", dict[str, Any]()
    for width in WIDTHS:
        until = (now_ms - LATE_MS) // width * width
        if until > made[width]:
            values |= {"width": width, "since": made[width], "until": until}
            db.execute(_CONDENSE.format(source), values)
            db.execute(_UNTIL, {"name": _name(width), "until": until})
        source, values = f"spans WHERE {_ALL} AND width = :finer", {"finer": width}


def is_due(now_ms: int, made: Mapping[int, int]) -> bool:
    """Whether a span is over that is not summed yet."""
    return any((now_ms - LATE_MS) // width * width > made[width] for width in WIDTHS)


def forget(db: Database, since_ms: int) -> None:
    """Take out all spans from a time on, within the transaction, to be made anew."""
    since = since_ms // WIDEST * WIDEST
    db.execute("DELETE FROM spans WHERE hour >= :since", {"since": since})
    for width, until in condensed(dict(db.execute("SELECT name, since_ms FROM kept"))).items():
        db.execute(_UNTIL, {"name": _name(width), "until": min(since, until)})


def _name(width: int) -> str:
    return f"spans of {width // HOUR_MS} h"
