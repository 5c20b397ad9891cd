"""What is known of each device, put together from a few short queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tools.stores._database import Database
from tools.stores._queries import rows

_SESSION: Final = ("model_name", "model_sha256", "model_runtime", "profile", "suite", "camera")
_UNKNOWN: Final = dict.fromkeys(
    (
        *("state", "session", "version", "status_ms", "seen_ms", "skew_ms", "synced"),
        *_SESSION,
        *("started_ms", "readings_ms"),
    )
)
_LOST: Final = """
SELECT streams.site, streams.device, sum(CAST(gaps.rows AS DOUBLE PRECISION)) AS lost_rows,
    sum(CAST(gaps.trials AS DOUBLE PRECISION)) AS lost_trials
FROM gaps JOIN streams ON streams.id = gaps.stream GROUP BY streams.site, streams.device
"""
_HEALTH: Final = """
SELECT at_ms, session, readings FROM health
WHERE stream IN (SELECT id FROM streams WHERE site = :site AND device = :device)
AND at_ms >= :since ORDER BY at_ms, stream, seq
"""


def devices(db: Database) -> Iterator[dict[str, Any]]:
    """See ``Store.devices``."""
    known: dict[tuple[str, str], dict[str, Any]] = {}

    def at(row: dict[str, Any]) -> dict[str, Any]:
        names = {"site": row["site"], "device": row["device"]}
        fresh = {**names, **_UNKNOWN, "readings": {}, "lost_rows": 0, "lost_trials": 0}
        return known.setdefault((row["site"], row["device"]), fresh)

    for row in db.select("SELECT DISTINCT site, device FROM streams"):
        at(row)
    for row in rows(db, "last_session"):  # the newest stream last
        at(row).update({name: row[name] for name in _SESSION}, started_ms=row["at_ms"])
        at(row)["session"] = row["session"]
    for row in rows(db, "statuses"):
        at(row).update({name: row[name] for name in ("state", "session", "version")})
        at(row)["status_ms"] = row["wall_ms"]
    for row in rows(db, "contacts"):
        at(row).update(seen_ms=row["seen_ms"], skew_ms=row["skew_ms"])
        at(row)["synced"] = None if row["skew_ms"] is None else bool(row["synced"])
    for row in rows(db, "last_health"):
        at(row).update(readings=json.loads(row["readings"]), readings_ms=row["at_ms"])
    for row in db.select(_LOST):
        at(row).update(lost_rows=int(row["lost_rows"]), lost_trials=int(row["lost_trials"]))
    return (known[key] for key in sorted(known))


def health(db: Database, site: str, device: str, since_ms: int) -> Iterator[dict[str, Any]]:
    """See ``Store.health``."""
    wanted = {"site": site, "device": device, "since": since_ms}
    for row in db.select(_HEALTH, wanted):
        yield {**row, "readings": json.loads(row["readings"])}
