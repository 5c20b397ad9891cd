"""Shares of scenes that get worse, by the e-detector, from the store's hourly sums.

Sums only grow, so what was seen is remembered as their value, and what is new is the difference:
rows that come late, twice, or after a pause count once each. What is new is taken hour by hour
where the hours are new, and as one portion where rows came late into hours that were seen before.
Rows made before the rule's ``window`` are not looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from agent.statistics.intervals import wilson
from tools.alerts.detector import Change, Stream, judge
from tools.alerts.rules import Baseline, RateRule
from tools.alerts.watchers import Finding, Look, Own, Watcher
from tools.alerts.watchers.subjects import keys_for, subject_of, wanted
from tools.alerts.words import percent, plain, ratio
from tools.stores import HOUR_MS, Scope

Counts = list[int]
"""Events, scenes; and of the clean side ``scenes_seen``, ``scenes``, ``truth_seen``, ``truth``."""

LEARN: Final = 1000
"""Scenes of a baseline, where a rule gives a span that holds too few of a stream."""
SPAN_LEAST: Final = 100
MOST_TOLD: Final = 20
"""Conditions that an alert lists."""


@dataclass
class _News:
    """What is new of one stream: portions in order, each with its hour; and what was seen since
    the new horizon."""

    portions: list[tuple[int, Counts]]
    seen: Counts


class Rates(Watcher):
    """``flip_rate``, ``robust_accuracy`` and ``clean_accuracy``: events are what goes wrong."""

    kinds = (RateRule,)

    def __init__(self, rule: RateRule) -> None:
        self._rule = rule
        self._change = _change(rule)
        self._span: dict[tuple[str, str], Counts] | None = None
        self._streams: dict[tuple[str, str], Stream] = {}

    def fingerprint(self) -> str:
        rule = self._rule
        names = {"metric", "per", "scope", "change", "limit", "baseline"}
        said = rule.model_dump_json(include=names) + str(rule.scenes_per_false_alert)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        horizon = _hour(look.now_ms - int(1000 * self._rule.window))
        horizon = max([horizon, *(memory["horizon"] for memory in own.values())])
        subjects: dict[str, dict[str, _News]] = {}
        for subject, cell, news in self._news(look, own, horizon):
            subjects.setdefault(subject, {})[cell] = news
        findings = []
        for subject in sorted({*own, *subjects}):
            memory = own.setdefault(subject, {"streams": {}})
            streams = self._take(subject, memory, subjects.get(subject, {}), look)
            memory.update(horizon=horizon, hour=max(_hour(look.now_ms), memory.get("hour", 0)))
            findings.append(self._finding(subject, memory, streams))
        return findings

    def _news(
        self, look: Look, own: Mapping[str, Own], horizon: int
    ) -> Iterator[tuple[str, str, _News]]:
        """What is new, by subject and stream. All of it comes from one answer of the store."""
        old = min((memory["horizon"] for memory in own.values()), default=horizon)
        last = min((memory["hour"] for memory in own.values()), default=horizon - HOUR_MS)
        by_hour = not own or horizon > old or last < _hour(look.now_ms)
        # An hour that has not begun on this clock is left to a later look, which takes it whole.
        scope = Scope(since_ms=old, until_ms=max(last, _hour(look.now_ms)) + HOUR_MS)
        keys = keys_for(self._rule.per, self._rule.scope, *(["hour"] if by_hour else []))
        keys = list(dict.fromkeys([*keys, "condition", "severity"]))
        late: dict[tuple[str, str], _News] = {}
        for row in look.store.sums(scope, keys):
            if not wanted(row, self._rule.scope):
                continue
            subject, cell = subject_of(self._rule.per, row), _cell(row)
            counts, hour = self._counts(row), row.get("hour", last)
            news = late.setdefault((subject, cell), _News([(last, [0] * 6)], [0] * 6))
            if hour > last:
                news.portions.append((hour, counts))
            else:
                news.portions[0] = (last, _plus(news.portions[0][1], counts))
            if not by_hour or hour >= horizon:
                news.seen = _plus(news.seen, counts)
        for (subject, cell), news in late.items():
            known = own.get(subject, {}).get("streams", {}).get(cell, {}).get("seen", [0] * 6)
            hour, counts = news.portions[0]
            news.portions[0] = (hour, [new - old for new, old in zip(counts, known, strict=True)])
            yield subject, cell, news

    def _take(
        self, subject: str, memory: Own, news: Mapping[str, _News], look: Look
    ) -> dict[str, Stream]:
        """The subject's streams with what is new in them."""
        kept = memory["streams"]
        streams = {cell: self._stream(subject, cell, state) for cell, state in kept.items()}
        for cell in kept.keys() - news.keys():
            kept[cell]["seen"] = [0] * 6  # nothing of it is left within the window
        touched = set()
        for cell, new in news.items():
            if cell not in kept:
                kept[cell] = {"began_ms": look.now_ms}
                streams[cell] = self._streams[subject, cell] = self._begun(subject, cell, look)
                touched.add(cell)
            for hour, counts in sorted(new.portions, key=itemgetter(0)):
                if _sound(counts):
                    touched.add(cell)
                    streams[cell].add(counts, 1 / len(news))
                    if streams[cell].since[:2] == counts[:2]:
                        kept[cell]["began_ms"] = hour
            kept[cell]["seen"] = new.seen
        for cell in touched:
            if streams[cell].recovered:
                streams[cell].restart()
        touched |= judge(streams, self._rule.min_scenes)
        for cell in touched:
            kept[cell]["stream"] = streams[cell].kept()
        return streams

    def _stream(self, subject: str, cell: str, state: Own) -> Stream:
        if (subject, cell) not in self._streams:
            self._streams[subject, cell] = Stream.of(self._change, state["stream"])
        return self._streams[subject, cell]

    def _begun(self, subject: str, cell: str, look: Look) -> Stream:
        """A new stream, with the baseline of the rule's span where it gives one."""
        baseline = self._rule.baseline
        stream = Stream(self._change)
        if baseline is None or baseline.since is None:
            return stream
        if self._span is None:
            self._span = {}
            keys = keys_for(self._rule.per, self._rule.scope, "condition", "severity")
            scope = Scope(since_ms=baseline.since, until_ms=baseline.until)
            for row in look.store.sums(scope, keys):
                if wanted(row, self._rule.scope):
                    key = (subject_of(self._rule.per, row), _cell(row))
                    counts = self._counts(row)
                    self._span[key] = _plus(self._span.get(key, [0] * 6), counts)
        stream.before = self._span.get((subject, cell), [0] * 6)
        return stream

    def _counts(self, row: Mapping[str, Any]) -> Counts:
        scenes, seen, flips = (row[n] or 0 for n in ("scenes", "scenes_seen", "scene_flips"))
        events, n = {
            "flip_rate": (flips, seen),
            "robust_accuracy": (scenes - seen + flips, scenes),
            "clean_accuracy": (scenes - seen, scenes),
        }[self._rule.metric]
        return [
            int(x) for x in (events, n, seen, scenes, row["truth_seen"] or 0, row["truth"] or 0)
        ]

    def _finding(self, subject: str, memory: Own, streams: Mapping[str, Stream]) -> Finding:
        risen = {cell: stream for cell, stream in streams.items() if stream.state == "risen"}
        if not risen:
            return Finding(subject, False, f"{plain(subject)}: the rate is back.")
        told = [
            self._told(cell, stream, memory["streams"][cell]["began_ms"])
            for cell, stream in sorted(risen.items())
        ]
        worst = max(told, key=lambda one: one["rate"])
        clean = _clean(self._rule.metric, list(risen.values()))
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        metric = self._rule.metric.replace("_", " ")
        good = self._rule.metric != "flip_rate"
        shown, before = (1 - worst[n] if good else worst[n] for n in ("rate", "baseline"))
        way, event = ("fell", "fail") if good else ("rose", "flip")
        summary = (
            f"{plain(subject)}: {metric} {way} from {percent(before)} to {percent(shown)} "
            f"({ratio(worst['events'], worst['scenes'])} scenes {event}) "
            f"under {plain(worst['condition'])}{more}. {clean['said']}"
        )
        place = dict(zip(("site", "device"), subject.split("/"), strict=False))
        details = {"conditions": told[:MOST_TOLD], "clean": clean}
        if self._rule.per != "model":
            details |= place
        return Finding(subject, True, summary, details)

    def _told(self, cell: str, stream: Stream, began_ms: int) -> dict[str, Any]:
        condition, _, severity = cell.rpartition("@")
        counts = _plus(stream.since, stream.risen or [0] * 6)
        return {
            "condition": f"{condition} {severity}",
            "baseline": round(stream.baseline, 6),
            "baseline_scenes": stream.before[1] if stream.before else 0,
            "events": counts[0],
            "scenes": counts[1],
            "rate": round(counts[0] / counts[1], 6),
            "since_ms": began_ms,
        }


def _change(rule: RateRule) -> Change:
    baseline = rule.baseline or Baseline(rate=rule.limit)
    rate = baseline.rate
    if rate is not None and rule.metric != "flip_rate":
        rate = 1 - rate  # of what goes wrong
    learn = SPAN_LEAST if baseline.since is not None else baseline.scenes or LEARN
    return Change(rule.change, rule.scenes_per_false_alert, rate, learn)


def _clean(metric: str, streams: list[Stream]) -> dict[str, Any]:
    """Whether the clean side fell too, of the streams that rose, taken together.

    Scenes are compared, where there is truth to tell which were seen; a fall is one where the
    accuracy from before lies above the Wilson interval (95 %) of the one since.
    """
    if metric == "clean_accuracy":
        return {"said": "This is the clean picture itself."}
    before, since = [0] * 6, [0] * 6
    for stream in streams:
        before = _plus(before, stream.before or [0] * 6)
        since = _plus(since, _plus(stream.since, stream.risen or [0] * 6))
    if not since[5] or not since[3]:
        return {"said": "Its clean accuracy is not known: its frames have no truth."}
    now = since[2] / since[3]
    figures = {"now": round(now, 6), "scenes": since[3]}
    if not before[3] or not before[5]:
        return {"said": f"Clean accuracy is {percent(now)}.", **figures}
    then = before[2] / before[3]
    fell = then > wilson(since[2], since[3]).high
    if fell:
        said = f"Clean accuracy falls too: {percent(then)} before, {percent(now)} since."
    else:
        said = f"Clean accuracy looks fine: {percent(then)} before, {percent(now)} since."
    return {"said": said, "fell": fell, "before": round(then, 6), **figures}


def _sound(counts: Counts) -> bool:
    """Whether a difference can be: sums shrink where rows were pruned, or made anew."""
    return min(counts) >= 0 and counts[0] <= counts[1] and counts[1] > 0


def _plus(a: Counts, b: Counts) -> Counts:
    return [x + y for x, y in zip(a, b, strict=True)] if a else list(b)


def _hour(ms: int) -> int:
    return ms // HOUR_MS * HOUR_MS


def _cell(row: Mapping[str, Any]) -> str:
    return f"{row['condition']}@{row['severity']:g}"
