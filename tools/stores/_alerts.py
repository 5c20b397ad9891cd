"""Alerts and what their rules remember, as a store keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agent.errors import UsageError
from tools.stores._database import Database
from tools.stores._queries import both

_OPEN: Final = """
INSERT INTO alerts (rule, subject, severity, opened_ms, last_ms, summary, details)
VALUES (:rule, :subject, :severity, :at_ms, :at_ms, :summary, :details)
ON CONFLICT (rule, subject) WHERE resolved_ms IS NULL DO UPDATE SET
    last_ms = excluded.last_ms, severity = excluded.severity, summary = excluded.summary,
    details = excluded.details
RETURNING id
"""
_RESOLVE: Final = """
UPDATE alerts SET resolved_ms = :at_ms, last_ms = :at_ms
WHERE id = :id AND resolved_ms IS NULL RETURNING id
"""
_ACKNOWLEDGE: Final = """
UPDATE alerts SET acknowledged_ms = :at_ms, acknowledged_by = :by
WHERE id = :id AND resolved_ms IS NULL AND acknowledged_ms IS NULL RETURNING id
"""
_STATES: Final = {
    "open": "resolved_ms IS NULL AND acknowledged_ms IS NULL",
    "acknowledged": "resolved_ms IS NULL AND acknowledged_ms IS NOT NULL",
    "resolved": "resolved_ms IS NOT NULL",
}
_ALERTS: Final = """
SELECT id, rule, subject, severity, opened_ms, last_ms, resolved_ms, acknowledged_ms,
    acknowledged_by, summary, details,
    CASE WHEN resolved_ms IS NOT NULL THEN 'resolved'
        WHEN acknowledged_ms IS NOT NULL THEN 'acknowledged' ELSE 'open' END AS state
FROM alerts WHERE {} ORDER BY id DESC LIMIT :limit
"""
_REMEMBER: Final = """
INSERT INTO alert_memory (rule, subject, state) VALUES (?, ?, ?)
ON CONFLICT (rule, subject) DO UPDATE SET state = excluded.state
"""


def open_alert(db: Database, words: Mapping[str, Any], details: Mapping[str, Any]) -> int:
    """Within the transaction; see ``Store.open_alert``."""
    ((number,),) = db.execute(_OPEN, {**words, "details": json.dumps(details)})
    return int(number)


def resolve(db: Database, number: int, at_ms: int) -> bool:
    """Within the transaction; see ``Store.resolve_alert``."""
    return bool(db.execute(_RESOLVE, {"id": number, "at_ms": at_ms}))


def acknowledge(db: Database, number: int, by: str, at_ms: int) -> bool:
    """Within the transaction; see ``Store.acknowledge_alert``."""
    return bool(db.execute(_ACKNOWLEDGE, {"id": number, "by": by, "at_ms": at_ms}))


def alerts(db: Database, state: str, limit: int, before: int | None) -> Iterator[dict[str, Any]]:
    """See ``Store.alerts``."""
    if state and state not in _STATES:
        raise UsageError(f"No alert is {state!r}.", remedy=f"Known: {', '.join(_STATES)}.")
    wanted = [_STATES[state]] if state else []
    wanted += [] if before is None else ["id < :before"]
    found = db.select(_ALERTS.format(both(wanted)), {"limit": limit, "before": before})
    return ({**row, "details": json.loads(row["details"])} for row in found)


def recall(db: Database, rule: str) -> dict[str, dict[str, Any]]:
    """See ``Store.recall``."""
    query = "SELECT subject, state FROM alert_memory WHERE rule = :rule ORDER BY subject"
    return {row["subject"]: json.loads(row["state"]) for row in db.select(query, {"rule": rule})}


def remember(db: Database, rule: str, states: Mapping[str, Mapping[str, Any]]) -> None:
    """Within the transaction; see ``Store.remember``."""
    kept = [(rule, subject, json.dumps(state)) for subject, state in states.items() if state]
    gone = [(rule, subject) for subject, state in states.items() if not state]
    db.many(_REMEMBER, sorted(kept))
    db.many("DELETE FROM alert_memory WHERE rule = ? AND subject = ?", sorted(gone))
