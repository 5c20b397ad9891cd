"""What the rules on rates would have raised over the hours that a store holds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from tools.alerts.lifecycle import Lives
from tools.alerts.rules import RateRule, RuleFile
from tools.alerts.watchers import Look
from tools.alerts.watchers.rates import Rates
from tools.stores import HOUR_MS, Store


class Paper:
    """Keeps alerts on paper only: the store is not touched."""

    def __init__(self) -> None:
        self.alerts: dict[int, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def open_alert(
        self,
        rule: str,
        subject: str,
        severity: str,
        summary: str,
        details: Mapping[str, Any],
        at_ms: int,
    ) -> int:
        said = {"rule": rule, "subject": subject, "severity": severity, "summary": summary}
        for number, alert in self.alerts.items():
            if (alert["rule"], alert["subject"], alert["resolved_ms"]) == (rule, subject, None):
                alert.update(said, last_ms=at_ms)
                return number
        number = next(self._numbers)
        first = {"id": number, "opened_ms": at_ms, "last_ms": at_ms, "resolved_ms": None}
        self.alerts[number] = {**first, **said}
        return number

    def resolve_alert(self, number: int, at_ms: int) -> bool:
        self.alerts[number]["resolved_ms"] = at_ms
        return True

    def recall(self, rule: str) -> dict[str, dict[str, Any]]:
        return {}

    def remember(self, rule: str, states: Mapping[str, Mapping[str, Any]]) -> None:
        pass


def replay(store: Store, rules: RuleFile) -> tuple[list[dict[str, Any]], list[str]]:
    """The alerts that there would have been, and the names of rules that cannot be replayed.

    An evaluation at the end of each hour: live, an alert comes within its hour. Rules on what
    was so at one moment - a silent device, a temperature - are not replayed.
    """
    paper = Paper()
    left = []
    hours = [row["hour"] for row in store.sums(by=["hour"])]
    for rule in rules.rules:
        if isinstance(rule, RateRule):
            _replay(store, rule, hours, paper)
        else:
            left.append(rule.name)
    return sorted(paper.alerts.values(), key=lambda alert: alert["opened_ms"]), left


def _replay(store: Store, rule: RateRule, hours: list[int], paper: Paper) -> None:
    watcher = Rates(rule)
    lives = Lives(rule, paper, watcher.fingerprint())
    for hour in _each(hours):
        now_ms = hour + HOUR_MS - 1
        own = lives.own
        lives.take(watcher.look(Look(store, now_ms, (), 3600.0, lives.open), own), own, now_ms)


def _each(hours: list[int]) -> Iterator[int]:
    """The hours in which something was made, and the ones right after them."""
    yield from sorted({hour + more for hour in hours for more in (0, HOUR_MS)})
