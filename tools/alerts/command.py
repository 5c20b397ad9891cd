"""What ``fieldproof alerts`` does; its options are in ``app``."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.errors import UsageError
from tools.alerts.delivery import Delivery
from tools.alerts.evaluator import Evaluator
from tools.alerts.explain import explained
from tools.alerts.replay import replay
from tools.alerts.rules import load_rules, span_s
from tools.alerts.sinks import make, printable
from tools.stores import open_store

log = logging.getLogger("alerts")


def run_rules(place: str, rules: str, every: str) -> None:
    """Evaluate until SIGTERM or SIGINT. Raises where rules, sinks or store cannot be used."""
    try:
        every_s = float(span_s(every))
    except ValueError as error:
        raise UsageError(f"--every {every}: {error}.", remedy="Give a span such as 30s.") from None
    if not 1 <= every_s <= 3600:
        raise UsageError("--every lies between 1s and 1h.", remedy="Give a span such as 30s.")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    read = load_rules(rules)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_store(place, create=False) as store:
        evaluator = Evaluator(store, read, Delivery(store, read), every_s=every_s)
        log.info("watching %d rules of %s every %g s", len(read.rules), rules, every_s)
        evaluator.run_until(stop)
    log.info("stopped")


def check_rules(rules: str) -> dict[str, Any]:
    """A rule file in words. Raises ``ConfigError``, also for secrets that are not there."""
    read = load_rules(rules)
    for settings in read.sinks.values():
        make(settings)
    told = [
        {"name": rule.name, "metric": rule.metric, "watches": explained(rule), "why": rule.why}
        for rule in read.rules
    ]
    return {"schema": "fieldproof.alert-rules/1", "rules": told}


def listed(place: str, state: str, limit: int) -> list[dict[str, Any]]:
    """A store's alerts, newest first."""
    with open_store(place, create=False) as store:
        return list(store.alerts(state, limit=limit))


def replayed(place: str, rules: str) -> tuple[list[dict[str, Any]], list[str]]:
    """What would have been raised, and which rules cannot be replayed."""
    read = load_rules(rules)
    with open_store(place, create=False) as store:
        return replay(store, read)


def print_alerts(console: Console, alerts: Sequence[dict[str, Any]]) -> None:
    """Alerts as a table."""
    if not alerts:
        console.print("No alerts.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("opened (UTC)", "state", "severity", "rule"):
        table.add_column(name)
    table.add_column("what", overflow="fold")
    for alert in alerts:
        state = alert.get("state") or ("open" if alert["resolved_ms"] is None else "resolved")
        words = [_time(alert["opened_ms"]), state, alert["severity"], alert["rule"]]
        table.add_row(*(Text(printable(word)) for word in (*words, alert["summary"])))
    console.print(table)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M")
