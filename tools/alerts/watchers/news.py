"""What is new in a store's hourly sums since they were last looked at.

Sums only grow, so what was seen is remembered as their value since some hour, the horizon, and what
is new is the difference: rows that come late, twice, or after a pause count once each. What is new
is taken hour by hour where the hours are new, and as one portion where rows came late into hours
that were seen before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from tools.alerts.rules import RateRule
from tools.alerts.watchers import Look, Own
from tools.alerts.watchers.subjects import keys_for, subject_of, wanted
from tools.stores import HOUR_MS, Scope

Counts = list[int]
"""Events, scenes; and of the clean side ``scenes_seen``, ``scenes``, ``truth_seen``, ``truth``."""

NONE: Final = (0,) * 6

Cells = dict[tuple[str, str], Counts]
"""Counts by subject and stream, which is called ``condition@severity``."""


@dataclass
class News:
    """Of one stream: new portions in order, each with its hour; all since the new horizon."""

    portions: list[tuple[int, Counts]]
    seen: Counts


class Reader:
    """Reads the sums that a rule is about."""

    def __init__(self, rule: RateRule) -> None:
        self._rule = rule

    def news(self, look: Look, own: Mapping[str, Own]) -> tuple[int, dict[str, dict[str, News]]]:
        """The new horizon, and what is new by subject and stream.

        Each subject of ``own`` has a ``horizon``, the ``hour`` of its last look, and of each of its
        ``streams`` what was ``seen``.
        """
        horizon = hour_of(look.now_ms - int(1000 * self._rule.window))
        old = max((memory["horizon"] for memory in own.values()), default=horizon)
        last = max((memory["hour"] for memory in own.values()), default=horizon - HOUR_MS)
        # An hour that has not begun on this clock is left to a later look, which takes it whole.
        until = max(last, hour_of(look.now_ms)) + HOUR_MS
        # Rows may come between these reads. The new hours are read before all hours: what comes
        # into them meanwhile is late. The horizon is moved over hours that stand still only.
        left = self._cells(look, old, horizon) if horizon > old else {}
        fresh = self._by_hour(look, last + HOUR_MS, until) if until > last + HOUR_MS else {}
        whole = self._cells(look, old, until)
        if horizon <= old or self._cells(look, old, horizon, again=True) != left:
            horizon, left = old, {}
        found: dict[str, dict[str, News]] = {}
        for (subject, cell), counts in whole.items():
            state = own.get(subject, {}).get("streams", {}).get(cell, {})
            hours = fresh.get((subject, cell), {})
            late = _less(counts, state.get("seen", NONE), *hours.values())
            portions = [(last, late), *sorted(hours.items(), key=itemgetter(0))]
            seen = _less(counts, left.get((subject, cell), NONE))
            found.setdefault(subject, {})[cell] = News(portions, seen)
        return horizon, found

    def cells(self, look: Look, since_ms: int, until_ms: int) -> Cells:
        """Counts of whole hours."""
        return self._cells(look, since_ms, until_ms)

    def _cells(self, look: Look, since: int, until: int, *, again: bool = False) -> Cells:
        cells: Cells = {}
        for row in look.sums(Scope(since_ms=since, until_ms=until), self._keys(), again=again):
            if wanted(row, self._rule.scope):
                key = (subject_of(self._rule.per, row), _cell(row))
                cells[key] = plus(cells.get(key, NONE), self._counts(row))
        return cells

    def _by_hour(
        self, look: Look, since: int, until: int
    ) -> dict[tuple[str, str], dict[int, Counts]]:
        cells: dict[tuple[str, str], dict[int, Counts]] = {}
        # Row by row: at the first look there may be hundreds of thousands.
        for row in look.store.sums(Scope(since_ms=since, until_ms=until), self._keys("hour")):
            if wanted(row, self._rule.scope):
                key = (subject_of(self._rule.per, row), _cell(row))
                hours = cells.setdefault(key, {})
                hours[row["hour"]] = plus(hours.get(row["hour"], NONE), self._counts(row))
        return cells

    def _keys(self, *more: str) -> tuple[str, ...]:
        keys = keys_for(self._rule.per, self._rule.scope, *more)
        return tuple(dict.fromkeys([*keys, "condition", "severity"]))

    def _counts(self, row: Mapping[str, Any]) -> Counts:
        scenes, seen, flips = row["scenes"], row["scenes_seen"], row["scene_flips"]
        if self._rule.metric == "flip_rate":
            events, n = flips, seen
        elif self._rule.metric == "robust_accuracy":
            events, n = scenes - seen + flips, scenes
        else:
            events, n = scenes - seen, scenes
        return [events, n, seen, scenes, row["truth_seen"], row["truth"]]


def is_sound(counts: Counts) -> bool:
    """Whether a difference can be: sums shrink where rows were pruned, or made anew."""
    return min(counts) >= 0 and counts[0] <= counts[1] and counts[1] > 0


def plus(a: Counts | tuple[int, ...], b: Counts | tuple[int, ...]) -> Counts:
    """Counts added up; an empty one is nothing."""
    return [x + y for x, y in zip(a or NONE, b or NONE, strict=True)]


def hour_of(ms: int) -> int:
    """The beginning of a time's hour."""
    return ms // HOUR_MS * HOUR_MS


def _less(counts: Counts, *others: Counts | tuple[int, ...]) -> Counts:
    return [n - sum(rest) for n, *rest in zip(counts, *others, strict=True)]


def _cell(row: Mapping[str, Any]) -> str:
    return f"{row['condition']}@{row['severity']:g}"
