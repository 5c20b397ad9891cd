"""What a rule watches, in words."""

from __future__ import annotations

from datetime import datetime, timezone

from tools.alerts.rules import (
    DropRule,
    GapsRule,
    LettersRule,
    ModelRule,
    NothingHeardRule,
    OfflineRule,
    RateRule,
    ReadingRule,
    Rule,
)
from tools.alerts.words import UNITS, long, percent


def explained(rule: Rule) -> str:
    """A rule as sentences: when it is an alert, of whom, when it is over, and who is told."""
    lasting = f" It must last {long(rule.lasting_s)}." if rule.lasting_s else ""
    return (
        f"{_watched(rule)}{_scope(rule)}.{lasting} Severity {rule.severity}, told to "
        f"{', '.join(rule.sinks) or 'nobody'}; resolved after {long(rule.hold_down)} at the "
        "earliest, and not opened again for as long."
    )


def _watched(rule: Rule) -> str:
    if isinstance(rule, RateRule):
        return _rate(rule)
    if isinstance(rule, ReadingRule):
        return _reading(rule)
    if isinstance(rule, DropRule):
        return (
            f"The mean fall of confidence is above {rule.above:g} per {rule.per} over "
            f"{long(rule.window)} with {rule.min_scenes} scenes or more"
        )
    if isinstance(rule, GapsRule):
        return f"A device declares more than {rule.above} rows lost within {long(rule.window)}"
    if isinstance(rule, LettersRule):
        return f"More than {rule.above} dead letters come within {long(rule.window)}"
    if isinstance(rule, OfflineRule):
        also = ", or was stopped" if rule.stopped else ""
        return (
            f"A device is offline for {long(rule.offline_for)} by the broker's word, or silent for "
            f"{long(rule.silent_for)} while others are heard{also}"
        )
    if isinstance(rule, NothingHeardRule):
        return f"No device at all is heard for {long(rule.silent_for)}"
    assert isinstance(rule, ModelRule), type(rule).__name__
    known = f", other than the {len(rule.announced)} announced" if rule.announced else ""
    return f"A device runs another model than before{known}"


def _rate(rule: RateRule) -> str:
    name = rule.metric.replace("_", " ")
    way, verb = ("above", "rises") if rule.metric == "flip_rate" else ("below", "falls")
    by = f"by {100 * rule.change:g} percentage points or more"
    if rule.limit is not None:
        change = f"The {name} {verb} {way} {percent(rule.limit)} {by}"
    else:
        change = f"The {name} {verb} {by} against {_baseline(rule)}"
    return (
        f"{change}, per {rule.per}, condition by condition, after {rule.min_scenes} scenes at the "
        f"earliest; one false alert at most in {rule.scenes_per_false_alert:,.0f} scenes of all "
        "together on average, however often it is looked at"
    )


def _baseline(rule: RateRule) -> str:
    baseline = rule.baseline
    assert baseline is not None  # the rule has no limit
    if baseline.rate is not None:
        return percent(baseline.rate)
    if baseline.scenes is not None:
        return f"each stream's first {baseline.scenes} scenes"
    since, until = (
        datetime.fromtimestamp((ms or 0) / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M")
        for ms in (baseline.since, baseline.until)
    )
    return f"what was stored from {since} to {until} UTC"


def _reading(rule: ReadingRule) -> str:
    name = rule.reading or rule.metric
    edge = rule.above if rule.above is not None else rule.below
    side = "above" if rule.above is not None else "below"
    over = "" if rule.clear is None else f" (over at {rule.clear:g})"
    return f"A device's {name} is {side} {edge:g}{UNITS.get(name, '')}{over}"


def _scope(rule: Rule) -> str:
    scope = rule.scope
    parts = [
        (f"on {noun} " + ", ".join(map(str, values)))
        for noun, values in (
            ("sites", scope.sites),
            ("devices", scope.devices),
            ("models", scope.models),
            ("conditions", scope.conditions),
            ("severities", scope.severities),
        )
        if values
    ]
    return f"; only {', '.join(parts)}" if parts else ""
