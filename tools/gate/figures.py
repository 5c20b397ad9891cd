"""Figures looked up in results."""

from __future__ import annotations

import math
from collections.abc import Callable

from agent.statistics.intervals import wilson
from tools.evaluate.results import BreakingSeverity, ConditionFigures, Results
from tools.gate.evidence import Measure


def find(
    results: Results, kind: str, at: float | None, level: int | None
) -> ConditionFigures | None:
    """The condition of a kind at a severity or, where that is None, at a level; None if untried."""
    for cell in results.conditions:
        strong = cell.level == level if at is None else math.isclose(cell.severity, at)
        if cell.kind == kind and strong:
            return cell
    return None


def still_seen(found: BreakingSeverity, at: float) -> Measure | None:
    """The share of the targets seen clean that no severity up to ``at`` took."""
    if not found.n or (not found.survival and found.censored < found.n):
        return None
    passed = [step for step in found.survival if step.severity <= at + 1e-9]
    share = passed[-1].seen if passed else 1.0
    if share in (0.0, 1.0):
        return Measure(share, *wilson(found.n if share else 0, found.n))
    return Measure(share, *passed[-1].ci95)


def mean_over_kinds(results: Results, figure: Callable[[ConditionFigures], float]) -> float:
    """The mean over kinds of the mean over severities, as the mean corruption error is made."""
    kinds: dict[str, list[float]] = {}
    for cell in results.conditions:
        if cell.n:
            kinds.setdefault(cell.kind, []).append(figure(cell))
    return sum(sum(values) / len(values) for values in kinds.values()) / max(1, len(kinds))
