"""What is asked of any store about its rows, as SQL that SQLite and PostgreSQL both take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tools.stores._database import Database
from tools.stores._rollups import NO_LEVEL
from tools.stores._tables import ROW_TABLES, UNKNOWN
from tools.stores._values import Account, Scope, Stream
from tools.stores._writing import COLUMNS, ranges_of

Found = Iterator[dict[str, Any]]
"""Rows, each a dict; to be read to the end, or closed."""
ALL: Final = Scope()

MODELS: Final = """models AS (
    SELECT streams.site, streams.device, sessions.session, max(sessions.model_name) AS model_name,
        max(sessions.model_sha256) AS model_sha256
    FROM sessions JOIN streams ON streams.id = sessions.stream
    GROUP BY streams.site, streams.device, sessions.session)"""
"""Which model a device's session has: one row for each, however often it was said."""

# A session is its device's: whatever another sends under the same name is not counted with it.
_SESSIONS: Final = """
SELECT streams.site, streams.device, streams.epoch, sessions.*,
    ends.frames, ends.inferences, ends.trials AS trials_counted, ends.flips,
    ends.phantoms, ends.rejected, ends.why, ends.wall_ms AS end_ms,
    (SELECT CAST(coalesce(sum(runs.trials), 0) AS BIGINT) FROM runs
        JOIN streams AS its ON its.id = runs.stream
        WHERE runs.session = sessions.session
        AND its.site = streams.site AND its.device = streams.device) AS trials_stored
FROM sessions JOIN streams ON streams.id = sessions.stream
LEFT JOIN (SELECT session_ends.*, site, device FROM session_ends
        JOIN streams ON streams.id = session_ends.stream) AS ends
    ON ends.session = sessions.session AND ends.site = streams.site
    AND ends.device = streams.device
WHERE {} ORDER BY sessions.stream, sessions.seq
"""

_RUNS: Final = """
SELECT runs.stream, runs.session, first_seq, last_seq FROM runs
JOIN streams ON streams.id = runs.stream WHERE {} ORDER BY runs.stream
"""

_RUN: Final = """
SELECT * FROM trials WHERE stream = :stream AND seq >= :first_seq AND seq <= :last_seq
AND session = :session ORDER BY seq
"""

_COUNTS: Final = """
SELECT condition, severity, nullif(level, :none) AS level, sum(n) AS n,
    sum(clean_seen) AS clean_seen, sum(perturbed_seen) AS perturbed_seen, sum(flips) AS flips
FROM (SELECT * FROM hourly UNION ALL SELECT * FROM fresh_sums) AS hours
WHERE {} GROUP BY condition, severity, level ORDER BY condition, severity, level
"""

_DEAD_LETTERS: Final = """
SELECT its.topic, its.letters, its.last, dead_letters.at_ms AS last_ms, dead_letters.why
FROM (SELECT topic, count(*) AS letters, max(id) AS last FROM dead_letters GROUP BY topic) AS its
JOIN dead_letters ON dead_letters.id = its.last ORDER BY its.topic
"""

_GAPS: Final = """
SELECT streams.site, streams.device, gaps.at_ms, gaps.epoch, gaps.first, gaps.last, gaps.rows,
    gaps.trials, gaps.why
FROM gaps JOIN streams ON streams.id = gaps.stream
WHERE {} ORDER BY gaps.at_ms DESC, gaps.stream DESC, gaps.seq DESC LIMIT :limit
"""

_LETTERS: Final = """
SELECT id, at_ms, topic, why, bytes, payload FROM dead_letters
WHERE {} ORDER BY id DESC LIMIT :limit
"""

_NEWEST: Final = (
    "SELECT streams.site, streams.device, {0}.* FROM streams JOIN {0} ON {0}.stream = streams.id"
    " AND {0}.seq = (SELECT max(seq) FROM {0} WHERE stream = streams.id) ORDER BY streams.id"
)

_ROWS: Final = {
    **{
        table: f"SELECT streams.site, streams.device, streams.epoch, {table}.* FROM {table}"
        f" JOIN streams ON streams.id = {table}.stream WHERE {{}} ORDER BY stream, seq"
        for table in (*ROW_TABLES.values(), UNKNOWN)
    },
    **{table: f"SELECT * FROM {table}" for table in ("statuses", "contacts", "dead_letters")},
    "last_health": _NEWEST.format("health"),
    "last_session": _NEWEST.format("sessions"),
}
"""A table's name -> all its rows; of ``last_...``, each stream's newest."""


def both(conditions: Iterable[str]) -> str:
    """Conditions that must all hold."""
    return " AND ".join(conditions) or "1 = 1"


def senders(scope: Scope) -> list[str]:
    """Conditions for the columns of ``streams``."""
    return [f"streams.{name} = :{name}" for name in ("site", "device") if getattr(scope, name)]


def times(scope: Scope, column: str) -> list[str]:
    """Conditions for a column that holds ms."""
    ends = (("from_hour", ">="), ("to_hour", "<"))
    return [f"{column} {sign} :{end}" for end, sign in ends if getattr(scope, end) is not None]


def values(scope: Scope) -> dict[str, Any]:
    """What ``senders`` and ``times`` and other conditions name."""
    names = ("site", "device", "session", "model", "condition", "from_hour", "to_hour")
    return {name: getattr(scope, name) for name in names}


def sessions(db: Database, scope: Scope) -> Found:
    wanted = [*senders(scope), *times(scope, "sessions.at_ms")]
    wanted += ["sessions.session = :session"] if scope.session else []
    wanted += ["sessions.model_sha256 = :model"] if scope.model else []
    return db.select(_SESSIONS.format(both(wanted)), values(scope))


def trials(db: Database, scope: Scope) -> Found:
    """Of one session; run by run, so that nothing has to be sorted."""
    wanted = ["runs.session = :session", *senders(scope)]
    for run in list(db.select(_RUNS.format(both(wanted)), values(scope))):
        yield from db.select(_RUN, run)


def counts(db: Database, session: str) -> Found:
    wanted = ["session = :session"] if session else []
    return db.select(_COUNTS.format(both(wanted)), {"session": session, "none": NO_LEVEL})


def rows(db: Database, table: str, scope: Scope = ALL) -> Found:
    wanted = [*senders(scope), *times(scope, f"{table}.at_ms")]
    if scope.session and "session" in COLUMNS[table]:
        wanted.append(f"{table}.session = :session")
    return db.select(_ROWS[table].format(both(wanted)), values(scope))


def accounts(db: Database) -> Iterator[Account]:
    for row in db.select("SELECT * FROM streams ORDER BY id"):
        stream = Stream(row["site"], row["device"], row["epoch"])
        yield Account(stream, row["stored"], ranges_of(row["settled"]))


def dead_letters(db: Database) -> Found:
    return db.select(_DEAD_LETTERS)


def letters(db: Database, limit: int, before: int | None) -> Found:
    wanted = [] if before is None else ["id < :before"]
    return db.select(_LETTERS.format(both(wanted)), {"limit": limit, "before": before})


def gaps(db: Database, scope: Scope, limit: int) -> Found:
    wanted = [*senders(scope), *times(scope, "gaps.at_ms")]
    return db.select(_GAPS.format(both(wanted)), values(scope) | {"limit": limit})
