"""Figures against a fixed level: readings, clocks, losses, dead letters, the fall of confidence.

Plain thresholds: what they say is so, and nothing is claimed of how often chance alone would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from tools.alerts.rules import DropRule, GapsRule, LettersRule, ReadingRule
from tools.alerts.watchers import WHOLE, Finding, Look, Own, Watcher, mine, name_of, of_device
from tools.alerts.watchers.subjects import keys_for, subject_of, wanted
from tools.alerts.words import UNITS, long, plain
from tools.stores import Scope

MOST_GAPS: Final = 100_000


class Readings(Watcher):
    """A device's newest health reading, or how far its clock is off. Absent: not known."""

    kinds = (ReadingRule,)

    def __init__(self, rule: ReadingRule) -> None:
        self._rule = rule
        self._name = rule.reading or rule.metric

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        return [self._finding(row, look) for row in mine(look, self._rule)]

    def _finding(self, row: Mapping[str, Any], look: Look) -> Finding:
        subject, value = name_of(row), self._value(row)
        if value is None:
            return Finding(subject, None)
        rule = self._rule
        limit = rule.clear if subject in look.open and rule.clear is not None else None
        if rule.above is not None:
            edge, side = (rule.above if limit is None else limit), "above"
            active = value > edge
        else:
            assert rule.below is not None  # the rule has one of the two
            edge, side = (rule.below if limit is None else limit), "below"
            active = value < edge
        unit = UNITS.get(self._name, "")
        name = self._name.removesuffix("_c").removesuffix("_s").replace("_", " ")
        summary = f"{plain(subject)}: {name} is {value:g}{unit}, {side} {edge:g}{unit}."
        if not active:
            summary = f"{plain(subject)}: {name} is {value:g}{unit}."
        return Finding(subject, active, summary, of_device(row, value=value, limit=edge))

    def _value(self, row: Mapping[str, Any]) -> float | None:
        if self._rule.metric != "clock_skew_s":
            value = row["readings"].get(self._name)
            return None if value is None else float(value)
        return None if row["skew_ms"] is None else abs(row["skew_ms"]) / 1000


class Gaps(Watcher):
    """Rows that devices declared lost of late."""

    kinds = (GapsRule,)

    def __init__(self, rule: GapsRule) -> None:
        self._rule = rule

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        since = look.now_ms - int(1000 * self._rule.window)
        lost: Counter[str] = Counter()
        why: dict[str, str] = {}
        for gap in look.store.gaps(Scope(since_ms=since), limit=MOST_GAPS):
            if gap["at_ms"] >= since:  # the store's own times are cut to whole hours
                lost[name_of(gap)] += gap["rows"]
                why.setdefault(name_of(gap), gap["why"])
        findings = []
        for row in mine(look, self._rule):
            subject = name_of(row)
            rows = lost[subject]
            summary = (
                f"{plain(subject)} gave up {rows} rows within {long(self._rule.window)}"
                f" ({plain(why.get(subject, ''))})."
            )
            details = of_device(row, rows=rows)
            findings.append(Finding(subject, rows > self._rule.above, summary, details))
        return findings


class Letters(Watcher):
    """Messages that were of no use of late."""

    kinds = (LettersRule,)

    def __init__(self, rule: LettersRule) -> None:
        self._rule = rule

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        since = look.now_ms - int(1000 * self._rule.window)
        most = self._rule.above + 1
        late = [row for row in look.store.letters(limit=most) if row["at_ms"] >= since]
        if len(late) < most:
            return [Finding(WHOLE, False, "Messages can be read again.")]
        first = late[0]
        summary = (
            f"{most} or more messages of no use within {long(self._rule.window)}; the last on "
            f"{plain(first['topic'])}: {plain(first['why'])}"
        )
        return [Finding(WHOLE, True, summary, {"topic": first["topic"], "why": first["why"]})]


class Drops(Watcher):
    """The mean fall of confidence over the window's trials; a scene of many frames weighs more."""

    kinds = (DropRule,)

    def __init__(self, rule: DropRule) -> None:
        self._rule = rule

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        rule = self._rule
        since = look.now_ms - int(1000 * rule.window)
        sums: dict[str, list[float]] = {}
        rows: dict[str, Mapping[str, Any]] = {}
        for found in look.store.sums(Scope(since_ms=since), keys_for(rule.per, rule.scope)):
            if wanted(found, rule.scope):
                subject = subject_of(rule.per, found)
                rows.setdefault(subject, found)
                known = sums.setdefault(subject, [0.0, 0.0, 0.0])
                for place, name in enumerate(("drops", "drop_sum", "scenes")):
                    known[place] += found[name] or 0
        return [self._finding(s, rows[s], sums[s], look) for s in sorted(sums)]

    def _finding(
        self, subject: str, row: Mapping[str, Any], sums: list[float], look: Look
    ) -> Finding:
        drops, drop_sum, scenes = sums
        if scenes < self._rule.min_scenes or not drops:
            return Finding(subject, None)
        mean, rule = drop_sum / drops, self._rule
        edge = rule.clear if subject in look.open and rule.clear is not None else rule.above
        summary = (
            f"{plain(subject)}: confidence falls by {mean:.3f} on average, limit {edge:g}, "
            f"over {scenes:.0f} scenes."
        )
        place = {name: row[name] for name in ("site", "device") if rule.per == "device"}
        return Finding(subject, mean > edge, summary, {**place, "mean": mean, "scenes": scenes})
