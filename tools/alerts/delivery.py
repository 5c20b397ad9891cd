"""Tells sinks of alerts, once each where all goes well, and until they have it where it does not.

What is to be told follows from the store's alerts and from what is remembered as told there: so an
evaluator that dies between an alert and its notice, or between a notice and its memory, tells after
its restart; a receiver knows a notice that comes twice by its key. One thread.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from tools.alerts.rules import RuleFile
from tools.alerts.sinks import (
    TIMEOUT_S,
    DeliveryError,
    Notice,
    RefusedError,
    Sink,
    make,
)
from tools.alerts.sinks.log import LogSettings
from tools.stores import Store

log = logging.getLogger(__name__)

MEMORY: Final = "(sinks)"
"""Stands for a rule's name in the store's memory; no rule can be called so."""
MOST_WAITING: Final = 1000
"""Notices that wait for one sink; the oldest are given up."""
FIRST_S: Final = 5.0
MOST_S: Final = 600.0
PAGE: Final = 200
MOST_ALERTS: Final = 100_000

Event = Literal["opened", "resolved"]


@dataclass
class Told:
    """What one sink was told. ``seen`` is the highest id of which the opening was put into
    ``waiting``; ``open`` are ids whose end was not yet; ``waiting`` are (id, event), oldest first.
    """

    seen: int = 0
    open: list[int] = field(default_factory=list)
    waiting: list[tuple[int, Event]] = field(default_factory=list)
    failures: int = 0
    due_ms: int = 0


class Delivery:
    """The sinks of a rule file. Raises ``ConfigError`` where one of them cannot be made."""

    def __init__(self, store: Store, rules: RuleFile) -> None:
        self._store = store
        self._rules = {rule.name: rule for rule in rules.rules}
        settings = {"log": LogSettings(), **rules.sinks}
        self._sinks = {name: make(given) for name, given in settings.items()}
        self._told: dict[str, Told] | None = None
        self._kept: dict[str, dict[str, Any]] = {}

    def begin(self) -> None:
        """Call it before the first alert may be opened: a sink that is new here is told of what
        comes from now on. Raises ``StoreError``."""
        if self._told is not None:
            return
        self._kept = self._store.recall(MEMORY)
        newest = next(iter(list(self._store.alerts(limit=1))), None)
        told = {}
        for name in self._sinks:
            one = Told(**self._kept.get(name, {"seen": newest["id"] if newest else 0}))
            one.waiting = [(number, event) for number, event in one.waiting]
            told[name] = one
        self._remember(told)
        self._told = told

    def deliver(self, now_ms: int) -> None:
        """Tell what waits. Raises ``StoreError``; a sink that fails is tried again later."""
        self.begin()
        assert self._told is not None  # it has begun
        told = self._told
        self._queue(told)
        self._remember(told)  # what waits is safe before anything is sent
        for name, sink in self._sinks.items():
            if told[name].waiting and now_ms >= told[name].due_ms:
                self._empty(name, sink, told[name], now_ms)
                self._remember(told)

    def _queue(self, told: Mapping[str, Told]) -> None:
        """Put what is new into the sinks' queues."""
        unresolved = {
            alert["id"]
            for state in ("open", "acknowledged")
            for alert in self._store.alerts(state, limit=MOST_ALERTS)
        }
        fresh = list(self._since(min(one.seen for one in told.values()) + 1))
        for name, one in told.items():
            for alert in reversed(fresh):
                if alert["id"] > one.seen:
                    one.seen = alert["id"]
                    if self._is_for(name, alert):
                        one.waiting.append((alert["id"], "opened"))
                        one.open.append(alert["id"])
            one.waiting += [(number, "resolved") for number in one.open if number not in unresolved]
            one.open = [number for number in one.open if number in unresolved]
            if len(one.waiting) > MOST_WAITING:
                log.error("sink %s: %d notices given up", name, len(one.waiting) - MOST_WAITING)
                one.waiting = one.waiting[-MOST_WAITING:]

    def _since(self, lowest: int) -> Iterator[dict[str, Any]]:
        """Alerts from an id on, newest first."""
        before: int | None = None
        while True:
            page = list(self._store.alerts(limit=PAGE, before=before))
            yield from (alert for alert in page if alert["id"] >= lowest)
            if len(page) < PAGE or page[-1]["id"] < lowest:
                return
            before = page[-1]["id"]

    def _alert(self, number: int) -> dict[str, Any] | None:
        found = next(iter(list(self._store.alerts(limit=1, before=number + 1))), None)
        return found if found is not None and found["id"] == number else None

    def _is_for(self, name: str, alert: Mapping[str, Any]) -> bool:
        rule = self._rules.get(alert["rule"])
        return rule is not None and name in rule.sinks

    def _empty(self, name: str, sink: Sink, told: Told, now_ms: int) -> None:
        """Tell in order until one fails; then wait twice as long as before, and up to 10 min."""
        while told.waiting:
            number, event = told.waiting[0]
            alert = self._alert(number)
            try:
                if alert is not None:
                    within(TIMEOUT_S, sink.deliver, self._notice(event, alert))
            except RefusedError as error:
                log.error("sink %s: %s Given up.", name, error.message)
            except DeliveryError as error:
                told.failures += 1
                wait = min(MOST_S, FIRST_S * 2 ** min(told.failures - 1, 16))
                told.due_ms = now_ms + int(1000 * wait * random.uniform(0.75, 1.0))
                log.warning("sink %s: %s Tried again in %.0f s.", name, error.message, wait)
                return
            told.waiting.pop(0)
            told.failures, told.due_ms = 0, 0

    def _notice(self, event: Event, alert: Mapping[str, Any]) -> Notice:
        rule = self._rules.get(alert["rule"])
        # A store that was begun anew counts from 1 again: the time makes the key its own.
        key = f"fieldproof-{alert['opened_ms']}-{alert['id']}-{event}"
        return Notice(key, event, alert, rule.why if rule else "")

    def _remember(self, told: Mapping[str, Told]) -> None:
        states = {name: asdict(one) for name, one in told.items()}
        changed = {name: state for name, state in states.items() if state != self._kept.get(name)}
        gone: dict[str, dict[str, Any]] = {name: {} for name in self._kept.keys() - states.keys()}
        if changed or gone:
            self._store.remember(MEMORY, {**changed, **gone})
        self._kept = states


def within(seconds: float, call: Callable[[Notice], None], notice: Notice) -> None:
    """Let a sink tell, for so long at most: a server may send its answer a byte a minute.

    Raises what the call does, and ``DeliveryError`` where it takes longer or fails by itself.
    """
    outcome: list[BaseException | None] = []

    def run() -> None:
        try:
            call(notice)
            outcome.append(None)
        except (DeliveryError, RefusedError) as error:
            outcome.append(error)
        except Exception as error:  # a fault of a sink's must not end the evaluation
            log.exception("a sink failed")
            outcome.append(DeliveryError(f"It failed: {error}."))

    thread = threading.Thread(target=run, name="alert sink", daemon=True)
    end = time.monotonic() + seconds
    thread.start()
    thread.join(max(0.0, end - time.monotonic()))
    if not outcome:
        raise DeliveryError(f"It took longer than {seconds:.0f} s.")
    if outcome[0] is not None:
        raise outcome[0]
