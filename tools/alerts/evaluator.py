"""The loop: look at the store, open and resolve alerts, tell of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from tools.alerts.delivery import Delivery
from tools.alerts.lifecycle import Lives
from tools.alerts.rules import Rule, RuleFile
from tools.alerts.watchers import Look, Watcher
from tools.alerts.watchers.levels import Drops, Gaps, Letters, Readings
from tools.alerts.watchers.models import ModelChanged
from tools.alerts.watchers.presence import NothingHeard, Offline
from tools.alerts.watchers.rates import Rates
from tools.stores import Store
from tools.stores._errors import StoreError

log = logging.getLogger(__name__)

WATCHERS: Final[Sequence[type[Watcher]]] = (
    Rates,
    Readings,
    Drops,
    Gaps,
    Letters,
    Offline,
    NothingHeard,
    ModelChanged,
)
MOST_ALERTS: Final = 100_000
Clock = Callable[[], float]


def watcher_for(rule: Rule) -> Watcher:
    """The watcher that a rule's class needs."""
    kind = next(kind for kind in WATCHERS if isinstance(rule, kind.kinds))
    return kind(rule)


class Evaluator:
    """Evaluates a rule file against a store; one at a time for a store.

    ``clock`` gives s since 1970. ``delivery`` tells of alerts; None: nobody is told.
    """

    def __init__(
        self,
        store: Store,
        rules: RuleFile,
        delivery: Delivery | None = None,
        *,
        every_s: float = 30.0,
        clock: Clock = time.time,
    ) -> None:
        self.store, self.rules, self._delivery = store, rules, delivery
        self.every_s, self._clock = every_s, clock
        self._watched: list[tuple[Watcher, Lives]] | None = None

    def look(self) -> None:
        """Evaluate all rules once, and tell what there is to tell. Raises ``StoreError``.

        Where the store fails in the midst, what was not remembered is looked at anew next time.
        """
        now_ms = int(self._clock() * 1000)
        try:
            if self._watched is None:
                self._watched = self._begin(now_ms)
            devices = list(self.store.devices())
            acknowledged = [
                (alert["rule"], alert["subject"])
                for alert in self.store.alerts("acknowledged", limit=MOST_ALERTS)
            ]
            read: dict[Any, list[dict[str, Any]]] = {}
            for watcher, lives in self._watched:
                seen = frozenset(s for rule, s in acknowledged if rule == lives.rule.name)
                look = Look(self.store, now_ms, devices, self.every_s, lives.open, seen, read)
                own = lives.own
                lives.take(watcher.look(look, own), own, now_ms)
        except BaseException:
            self._watched = None  # what is in memory may be ahead of the store
            raise
        if self._delivery is not None:
            self._delivery.deliver(now_ms)

    def run_until(self, stop: threading.Event) -> None:
        """Look every ``every_s`` seconds until the event; a store that is away is waited for."""
        away = False
        while not stop.is_set():
            try:
                self.look()
                if away:
                    log.info("the store is back")
                away = False
            except StoreError as error:
                if not away:
                    log.error("%s", error.message)
                away = True
            stop.wait(self.every_s)

    def _begin(self, now_ms: int) -> list[tuple[Watcher, Lives]]:
        if self._delivery is not None:
            self._delivery.begin()
        self._resolve_orphans(now_ms)
        made = []
        for rule in self.rules.rules:
            watcher = watcher_for(rule)
            made.append((watcher, Lives(rule, self.store, watcher.fingerprint())))
        return made

    def _resolve_orphans(self, now_ms: int) -> None:
        """Alerts of rules that are no more can never be over by themselves."""
        known = {rule.name for rule in self.rules.rules}
        for state in ("open", "acknowledged"):
            for alert in list(self.store.alerts(state, limit=MOST_ALERTS)):
                if alert["rule"] not in known:
                    self.store.resolve_alert(alert["id"], now_ms)
                    log.info("resolved: there is no rule %r any more", alert["rule"])
