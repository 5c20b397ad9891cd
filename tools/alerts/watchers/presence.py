"""Which devices are away, and whether it is they or the collector.

Silence is counted on the collector's clock, by what it hears: from when it last heard a device to
when it last heard anyone. While it hears nobody, no device grows more silent. A stretch in which
nobody was heard, though somebody is now, is taken out of every device's silence: the collector, its
broker or the network was away then. So is a stretch over which these rules were not evaluated; a
device that went silent within it is told ``silent_for`` later than it might have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tools.alerts.rules import NothingHeardRule, OfflineRule
from tools.alerts.watchers import WHOLE, Finding, Look, Own, Watcher, mine, name_of, of_device
from tools.alerts.words import long, plain

MOST_AWAY: Final = 100
"""Stretches that are remembered; the oldest goes first."""


class Offline(Watcher):
    """Devices that are offline by the broker's word, or silent while others are heard."""

    kinds = (OfflineRule,)

    def __init__(self, rule: OfflineRule) -> None:
        self._rule = rule

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        newest = max((row["seen_ms"] or 0 for row in look.devices), default=0)
        memory = own.setdefault(WHOLE, {"newest": newest, "away": []})
        usual_ms = 1000 * max(self._rule.silent_for / 2, 2 * look.every_s)
        if newest - memory["newest"] > usual_ms:
            memory["away"] = [*memory["away"], [memory["newest"], newest]][-MOST_AWAY:]
        memory["newest"] = max(newest, memory["newest"])
        return [self._finding(row, memory, own) for row in mine(look, self._rule)]

    def _finding(self, row: Mapping[str, Any], memory: Own, own: dict[str, Own]) -> Finding:
        subject, state = name_of(row), row["state"]
        if row["seen_ms"] is None or (state == "stopped" and not self._rule.stopped):
            own.pop(subject, None)
            return Finding(subject, False, "It was stopped.")
        silent = _heard_s(memory, row["seen_ms"])
        details = of_device(row, state=state, seen_ms=row["seen_ms"], silent_s=round(silent))
        if state in ("offline", "stopped"):
            since = own.setdefault(subject, {"since": memory["newest"]})["since"]
            lasted = _heard_s(memory, since)
            said = "offline: its connection ended" if state == "offline" else "stopped"
            summary = f"{plain(subject)} is {said}; last heard {long(silent)} before the newest."
            return Finding(subject, lasted >= self._rule.offline_for or None, summary, details)
        own.pop(subject, None)
        summary = f"Nothing was heard of {plain(subject)} for {long(silent)}, though others were."
        return Finding(subject, silent >= self._rule.silent_for, summary, details)


class NothingHeard(Watcher):
    """Whether anybody at all is heard, by the clock of whoever evaluates."""

    kinds = (NothingHeardRule,)

    def __init__(self, rule: NothingHeardRule) -> None:
        self._rule = rule

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        heard = [row for row in mine(look, self._rule) if row["seen_ms"] is not None]
        newest = max((row["seen_ms"] for row in heard), default=0)
        memory = own.setdefault(WHOLE, {"newest": newest, "at_ms": look.now_ms})
        if newest != memory["newest"] or look.now_ms < memory["at_ms"]:
            memory.update(newest=newest, at_ms=look.now_ms)
        silent = (look.now_ms - memory["at_ms"]) / 1000
        expected = any(row["state"] != "stopped" for row in heard)
        summary = (
            f"No device was heard for {long(silent)}: the collector, the broker or the network "
            "between them is away. No device is called silent meanwhile."
        )
        active = expected and silent >= self._rule.silent_for
        return [Finding(WHOLE, active, summary, {"silent_s": round(silent)})]


def _heard_s(memory: Own, since_ms: int) -> float:
    """Seconds from a time to the newest sign of life, without those in which nobody was heard."""
    until: int = memory["newest"]
    away: int = sum(max(0, min(until, end) - max(since_ms, start)) for start, end in memory["away"])
    return max(0.0, (until - since_ms - away) / 1000)
