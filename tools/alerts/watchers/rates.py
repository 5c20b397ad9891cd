"""Shares of scenes that get worse, by the e-detector; rows older than the window are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from agent.statistics.intervals import wilson
from tools.alerts.detector import Change, Stream, judge
from tools.alerts.rules import Baseline, RateRule
from tools.alerts.watchers import Finding, Look, Own, Watcher
from tools.alerts.watchers.news import NONE, Cells, News, Reader, hour_of, is_sound, plus
from tools.alerts.words import percent, plain, ratio

LEARN: Final = 1000
"""Scenes of a baseline, where a rule gives a span that holds too few of a stream."""
SPAN_LEAST: Final = 100
MOST_TOLD: Final = 20
"""Conditions that an alert lists."""


class Rates(Watcher):
    """``flip_rate``, ``robust_accuracy`` and ``clean_accuracy``: events are what goes wrong."""

    kinds = (RateRule,)

    def __init__(self, rule: RateRule) -> None:
        self._rule = rule
        self._change = _change(rule)
        self._reader = Reader(rule)
        self._span: Cells | None = None
        self._streams: dict[tuple[str, str], Stream] = {}

    def fingerprint(self) -> str:
        rule = self._rule
        names = {"metric", "per", "scope", "change", "limit", "baseline"}
        said = rule.model_dump_json(include=names) + str(rule.scenes_per_false_alert)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def look(self, look: Look, own: dict[str, Own]) -> list[Finding]:
        horizon, news = self._reader.news(look, own)
        findings = []
        for subject in sorted({*own, *news}):
            memory = own.setdefault(subject, {"streams": {}})
            streams = self._take(subject, memory, news.get(subject, {}), look)
            memory.update(horizon=horizon, hour=max(hour_of(look.now_ms), memory.get("hour", 0)))
            findings.append(self._finding(subject, memory, streams))
        return findings

    def _take(
        self, subject: str, memory: Own, news: Mapping[str, News], look: Look
    ) -> dict[str, Stream]:
        """The subject's streams with what is new in them."""
        kept = memory["streams"]
        streams = {cell: self._stream(subject, cell, state) for cell, state in kept.items()}
        for cell in kept.keys() - news.keys():
            kept[cell]["seen"] = list(NONE)  # nothing of it is left within the window
        touched = set()
        for cell, new in news.items():
            if cell not in kept:
                kept[cell] = {"began_ms": look.now_ms}
                streams[cell] = self._streams[subject, cell] = self._begun(subject, cell, look)
                touched.add(cell)
            for hour, counts in new.portions:
                if is_sound(counts):
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
            assert baseline.until is not None  # the two come together
            self._span = self._reader.cells(look, baseline.since, baseline.until)
        stream.before = self._span.get((subject, cell), list(NONE))
        return stream

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
        counts = plus(stream.since, stream.risen or NONE)
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
    before, since = list(NONE), list(NONE)
    for stream in streams:
        before = plus(before, stream.before or NONE)
        since = plus(since, plus(stream.since, stream.risen or NONE))
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
