"""From findings to alerts: opened once per rule and subject, held, resolved when over.

What is remembered lies in the store beside the alerts, so an evaluator that is started anew goes on
where the last one was; and the store opens no second alert while one of the same rule and subject
is not resolved. Whether an operator acknowledged an alert changes nothing here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from tools.alerts.rules import Rule
from tools.alerts.watchers import Finding, Own


class Ledger(Protocol):
    """Where alerts are kept: a ``Store``."""

    def open_alert(
        self,
        rule: str,
        subject: str,
        severity: str,
        summary: str,
        details: Mapping[str, Any],
        at_ms: int,
    ) -> int: ...

    def resolve_alert(self, number: int, at_ms: int) -> bool: ...

    def recall(self, rule: str) -> dict[str, dict[str, Any]]: ...

    def remember(self, rule: str, states: Mapping[str, Mapping[str, Any]]) -> None: ...


log = logging.getLogger(__name__)

TELL_MS: Final = 60_000
"""An open alert's last time is written this often, and its words when they change."""


@dataclass
class Life:
    """One subject of one rule. Times are ms since 1970; ``pending_ms`` is since when it is so."""

    alert: int | None = None
    opened_ms: int = 0
    pending_ms: int | None = None
    resolved_ms: int | None = None
    told_ms: int = 0
    summary: str = ""
    own: Own = field(default_factory=dict)


class Lives:
    """All subjects of one rule, as the store remembers them."""

    def __init__(self, rule: Rule, store: Ledger, fingerprint: str) -> None:
        self.rule, self._store, self._print = rule, store, fingerprint
        self._lives: dict[str, Life] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        for subject, state in store.recall(rule.name).items():
            same = state.pop("fingerprint", "") == fingerprint
            self._lives[subject] = Life(**state)
            self._kept[subject] = self._state(self._lives[subject])
            if not same:
                self._lives[subject].own = {}

    @property
    def own(self) -> dict[str, Own]:
        """What the watcher remembers, by subject; to be given to ``take`` after the look."""
        return {subject: life.own for subject, life in self._lives.items() if life.own}

    @property
    def open(self) -> frozenset[str]:
        return frozenset(s for s, life in self._lives.items() if life.alert is not None)

    def take(self, findings: Iterable[Finding], own: dict[str, Own], now_ms: int) -> None:
        """Open and resolve what the findings say, and remember. Raises ``StoreError``."""
        for subject in {*self._lives, *own}:
            self._life(subject).own = own.get(subject, {})
        for finding in findings:
            if finding.active is not None:
                self._settle(self._life(finding.subject), finding, now_ms)
        self._remember()

    def _life(self, subject: str) -> Life:
        return self._lives.setdefault(subject, Life())

    def _settle(self, life: Life, finding: Finding, now_ms: int) -> None:
        hold_ms = 1000 * self.rule.hold_down
        if not finding.active:
            life.pending_ms = None
            if life.alert is not None and now_ms - life.opened_ms >= hold_ms:
                self._store.resolve_alert(life.alert, now_ms)
                log.info("resolved: %s of %s", self.rule.name, finding.subject)
                life.alert, life.resolved_ms = None, now_ms
            return
        if life.pending_ms is None:
            life.pending_ms = now_ms
        if life.alert is not None:
            if finding.summary != life.summary or now_ms - life.told_ms >= TELL_MS:
                self._open(life, finding, now_ms)
            return
        held = life.resolved_ms is not None and now_ms - life.resolved_ms < hold_ms
        if now_ms - life.pending_ms >= 1000 * self.rule.lasting_s and not held:
            life.opened_ms = now_ms
            self._open(life, finding, now_ms)
            log.info("opened: %s of %s", self.rule.name, finding.subject)

    def _open(self, life: Life, finding: Finding, now_ms: int) -> None:
        life.alert = self._store.open_alert(
            self.rule.name,
            finding.subject,
            self.rule.severity,
            finding.summary,
            dict(finding.details),
            now_ms,
        )
        life.told_ms, life.summary = now_ms, finding.summary

    def _state(self, life: Life) -> dict[str, Any]:
        return {**asdict(life), "fingerprint": self._print}

    def _remember(self) -> None:
        """Keep what changed; a subject of which there is nothing to say is forgotten."""
        states = {subject: self._state(life) for subject, life in self._lives.items()}
        empty = self._state(Life())
        states = {subject: {} if state == empty else state for subject, state in states.items()}
        gone: dict[str, dict[str, Any]] = {
            subject: {} for subject in self._kept.keys() - states.keys()
        }
        changed = {s: state for s, state in states.items() if state != self._kept.get(s, {})}
        if changed or gone:
            self._store.remember(self.rule.name, {**changed, **gone})
        self._kept = {subject: state for subject, state in states.items() if state}
