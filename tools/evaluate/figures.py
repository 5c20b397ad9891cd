"""How tallies become the figures of ``results.json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, repeat
from math import inf
from types import MappingProxyType
from typing import Final

from agent.metrics.confusion import Confusion
from agent.metrics.corruption_error import mean_corruption_error
from agent.metrics.counters import MICRO, Cell, CellKey, Tally
from agent.metrics.relative_error import relative_error
from agent.metrics.worst_case import Survivors
from agent.statistics.clustered import (
    Losses,
    Sums,
    clustered_median,
    rate_interval,
    scene_sums,
)
from agent.statistics.intervals import CensoredMedian, Interval, censored_median, wilson
from agent.statistics.survival import survival_curve
from agent.strategies import Search, Verdict
from tools.evaluate.results import (
    BreakingSeverity,
    ClaimFigures,
    CleanFigures,
    ConditionFigures,
    Summary,
    SurvivalStep,
    WorstCase,
)
from tools.evaluate.sections import Pair, rounded

Searched = Callable[[str], Search | None]
"""How the strategy looked for a kind's breaking severities: ``Strategy.searched``."""

SEED: Final = 0
"""Of the draws behind a median's interval: the same results give the same interval."""


@dataclass(frozen=True)
class Beyond:
    """What is known of one condition (or of the clean frames) beyond its cell.

    ``seen`` and ``lost`` are sums over scenes; empty ones stand for targets that count as
    independent.
    """

    seen: Sums = field(default_factory=Sums)
    lost: Sums = field(default_factory=Sums)
    confusion: Confusion | None = None
    average_precision: float | None = None
    calibration_error: float | None = None
    flip_probability: float | None = None


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _interval(part: int, whole: int, scenes: Sums | None = None) -> Pair:
    """Of a share; over scenes where they are known to be of just these counts."""
    if scenes is not None and (scenes.k, scenes.n) == (part, whole) and whole:
        low, high = rate_interval(scenes)
    else:
        low, high = wilson(part, whole)
    return round(low, 6), round(high, 6)


def _instead(confusion: Confusion | None) -> tuple[int | None, int | None]:
    if confusion is None:
        return None, None
    return confusion.missed(), sum(row.times for row in confusion.misread())


def clean_figures(cell: Cell, beyond: Beyond | None = None) -> CleanFigures:
    """The clean cell as figures."""
    beyond = beyond or Beyond()
    missed, misread = _instead(beyond.confusion)
    return CleanFigures(
        n=cell.n,
        correct=cell.correct,
        accuracy=_share(cell.correct, cell.n),
        ci95=_interval(cell.correct, cell.n, beyond.seen),
        frames=cell.frames,
        phantoms=cell.phantoms,
        scenes=beyond.seen.scenes,
        missed=missed,
        misread=misread,
        average_precision=rounded(beyond.average_precision),
        calibration_error=rounded(beyond.calibration_error),
        flip_probability=rounded(beyond.flip_probability),
    )


def condition_figures(
    key: CellKey,
    cell: Cell,
    units: str,
    stage: str,
    lost: Mapping[float | None, int] | None = None,
    beyond: Beyond | None = None,
) -> ConditionFigures:
    """One condition's cell as figures.

    ``lost``: of a kind that was searched, the severities at which its targets were lost.
    """
    # A search asks targets that are not seen clean but one question, wherever that falls.
    seen = cell.clean_correct, cell.clean_correct - cell.flips
    n, correct = (cell.n, cell.correct) if lost is None else seen
    beyond = beyond or Beyond()
    missed, misread = _instead(beyond.confusion)
    return ConditionFigures(
        kind=key.kind,
        severity=key.severity,
        level=key.level,
        units=units,
        stage=stage,
        n=n,
        correct=correct,
        accuracy=_share(correct, n),
        ci95=_interval(correct, n, beyond.seen if lost is None else beyond.lost.reversed),
        flips=cell.flips,
        flip_rate=_share(cell.flips, cell.clean_correct),
        flip_rate_ci95=_interval(cell.flips, cell.clean_correct, beyond.lost),
        mean_confidence_drop=_share(cell.drop_micro, cell.n * MICRO),
        frames=cell.frames,
        phantoms=cell.phantoms,
        selected=lost is not None and cell.clean_correct < sum(lost.values()),
        scenes=beyond.seen.scenes,
        missed=missed,
        misread=misread,
        mean_iou_drop=_share(cell.iou_micro, cell.boxes * MICRO) if cell.boxes else None,
        relative_error=_relative(cell),
        average_precision=rounded(beyond.average_precision),
        calibration_error=rounded(beyond.calibration_error),
        flip_probability=rounded(beyond.flip_probability),
    )


def _relative(cell: Cell) -> float | None:
    if not cell.n:
        return None
    clean = 1 - cell.clean_correct / cell.n
    return rounded(relative_error(1 - cell.correct / cell.n, clean))


def summarise(
    tally: Tally,
    units: Mapping[CellKey, str],
    standard: Mapping[str, Sequence[float]] | None = None,
    *,
    searched: Searched = lambda kind: "grid",
    seen_again: Mapping[str, int] = MappingProxyType({}),
    verdicts: Sequence[Verdict] = (),
    broken: Mapping[str, Mapping[Losses, int]] = MappingProxyType({}),
    survivors: Survivors | None = None,
    conditions: Sequence[ConditionFigures] = (),
) -> Summary:
    """The figures over all conditions of a tally.

    ``standard``: a classifier of ImageNet's errors under ImageNet-C, by corruption and level.
    ``searched``, ``verdicts``: of the strategy. ``broken`` counts scenes, per kind, by where their
    targets were lost; without them targets count as independent. ``survivors`` and ``conditions``
    tell the worst case.
    """
    mce = mean_corruption_error(standard) if standard else None
    mean = None if any(by_search(searched(key.kind)) for key in tally.cells) else _mean_error(tally)
    return Summary(
        mean_corruption_error=mean,
        mce=None if mce is None else round(mce, 6),
        breaking_severity={
            kind: _breaking(
                kind, counts, broken.get(kind, {}), units, search, seen_again.get(kind, 0)
            )
            for kind, counts in sorted(tally.lost.items())
            if (search := searched(kind)) is not None
        },
        claims=[ClaimFigures(**asdict(verdict)) for verdict in verdicts],
        worst_case=_worst_case(conditions, survivors),
    )


def _worst_case(
    conditions: Sequence[ConditionFigures], survivors: Survivors | None
) -> WorstCase | None:
    tried = [c for c in conditions if c.n and not c.selected]
    if not tried:
        return None
    found = min(tried, key=lambda c: c.accuracy)
    return WorstCase(
        kind=found.kind,
        severity=found.severity,
        level=found.level,
        accuracy=found.accuracy,
        ci95=found.ci95,
        n=None if survivors is None else survivors.n,
        survivors=None if survivors is None else survivors.seen,
    )


def by_search(search: Search | None) -> bool:
    """Whether the severities tried followed from what came of others."""
    return search in ("bisection", "scan")


def _mean_error(tally: Tally) -> float | None:
    by_kind: dict[str, list[float]] = {}
    for key, cell in tally.cells.items():
        if cell.n:
            by_kind.setdefault(key.kind, []).append(1 - cell.correct / cell.n)
    means = [sum(errors) / len(errors) for _, errors in sorted(by_kind.items())]
    return round(sum(means) / len(means), 6) if means else None


def _breaking(
    kind: str,
    counts: dict[float | None, int],
    scenes: Mapping[Losses, int],
    units: Mapping[CellKey, str],
    search: Search,
    seen_again: int,
) -> BreakingSeverity:
    values = list(chain.from_iterable(repeat(severity, k) for severity, k in counts.items()))
    median, low, high = _median(values, scenes)
    said = {key.severity: text for key, text in units.items() if key.kind == kind}
    return BreakingSeverity(
        median=median,
        ci95=(low, high),
        censored=counts.get(None, 0),
        n=len(values),
        units=said.get(median, "") if median is not None else "",
        searched=search,
        seen_again=seen_again,
        survival=_survival(values, scenes),
    )


def _median(values: Sequence[float | None], scenes: Mapping[Losses, int]) -> CensoredMedian:
    return clustered_median(scenes, seed=SEED) if scenes else censored_median(values)


def _survival(values: Sequence[float | None], scenes: Mapping[Losses, int]) -> list[SurvivalStep]:
    lost = [value for value in values if value is not None]
    # Survivors outlasted every severity tried, so no target leaves before the end: the curve is the
    # share not lost so far, and its interval over scenes that of any share.
    alone = all(len(losses) == 1 and losses[0][1] == 1 for losses in scenes)
    steps = []
    for at, share, low, high in survival_curve(lost, [inf] * (len(values) - len(lost))):
        if not alone:
            low, high = _still_seen(scenes, at)
        ends = round(low, 6), round(high, 6)
        steps.append(SurvivalStep(severity=at, seen=round(share, 6), ci95=ends))
    return steps


def _still_seen(scenes: Mapping[Losses, int], at: float) -> Interval:
    totals = Sums()
    for losses, times in scenes.items():
        whole = sum(many for _, many in losses)
        gone = sum(many for lost_at, many in losses if lost_at is not None and lost_at <= at)
        totals = totals.plus(scene_sums(whole - gone, whole), times)
    return rate_interval(totals)
