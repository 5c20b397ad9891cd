"""The table at a glance: at which severity each kind takes half of the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.evaluate.results import BreakingSeverity, ConditionFigures, Results
from tools.report.wording import percent, percent_range, readable, severity


@dataclass(frozen=True)
class BreakingRow:
    """One kind. ``left``, ``right`` and ``dot`` place the drawn interval, in per cent of [0, 1].

    ``units`` says the breaking severity, or the strongest tried where more than half survived:
    then ``dot`` is None; ``open_right`` where the interval has no end; not ``known`` where it
    bounds nothing.
    """

    kind: str
    broke: bool
    severity: str
    units: str
    interval: str
    interval_units: str
    left: float
    right: float
    dot: float | None
    open_right: bool
    known: bool
    survivors: int
    n: int
    strongest_accuracy: str
    strongest_interval: str


def breaking_rows(results: Results) -> list[BreakingRow]:
    """A row per kind, the weakest spot first."""
    found = results.summary.breaking_severity
    by_kind = conditions_by_kind(results)
    rows = [
        (_rank(found.get(kind), conditions[-1]), _row(kind, conditions, found.get(kind)))
        for kind, conditions in by_kind.items()
    ]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def conditions_by_kind(results: Results) -> dict[str, list[ConditionFigures]]:
    """Conditions per kind in the suite's order, each kind's by rising severity."""
    kinds: dict[str, list[ConditionFigures]] = {}
    for condition in results.conditions:
        kinds.setdefault(condition.kind, []).append(condition)
    return {kind: sorted(found, key=lambda c: c.severity) for kind, found in kinds.items()}


def _rank(found: BreakingSeverity | None, strongest: ConditionFigures) -> tuple[float, float, str]:
    median = 2.0 if found is None or found.median is None else found.median
    return median, strongest.accuracy, strongest.kind


def _row(
    kind: str, conditions: Sequence[ConditionFigures], found: BreakingSeverity | None
) -> BreakingRow:
    last = conditions[-1]
    found = found or BreakingSeverity(median=None, ci95=(None, None), censored=0, n=0)
    low, high = found.ci95
    ends = last.severity if low is None else low, last.severity if high is None else high
    return BreakingRow(
        kind=readable(kind),
        broke=found.median is not None,
        severity="" if found.median is None else severity(found.median),
        units=last.units if found.median is None else found.units,
        interval=interval_text(low, high, last.severity) if found.n else "",
        interval_units=_interval_units(low, high, conditions),
        left=100 * ends[0],
        right=100 * (1.0 if high is None else ends[1]),
        dot=None if found.median is None else 100 * found.median,
        open_right=high is None,
        known=bool(low) or high is not None or low is None,
        survivors=found.censored,
        n=found.n,
        strongest_accuracy=percent(last.accuracy) if last.n else "–",
        strongest_interval=percent_range(last.ci95) if last.n else "",
    )


def interval_text(low: float | None, high: float | None, strongest: float) -> str:
    """A breaking severity's interval; None stands for beyond the ``strongest`` severity tried."""
    beyond = f"beyond {severity(strongest)}"
    if not low and high is None and low is not None:
        return "unknown"
    if low is None:
        return beyond
    if high is None:
        return f"{severity(low)} or beyond" if low == strongest else f"{severity(low)} to {beyond}"
    return severity(low) if low == high else f"{severity(low)} to {severity(high)}"


def _interval_units(
    low: float | None, high: float | None, conditions: Sequence[ConditionFigures]
) -> str:
    """The interval's ends in physical units, where they are severities that were tried."""
    said = {condition.severity: condition.units for condition in conditions}
    ends = [said[end] for end in dict.fromkeys((low, high)) if end is not None and said.get(end)]
    return " … ".join(ends)
