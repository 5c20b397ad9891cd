"""``results.json``: the contract ``fieldproof.results/1`` and how a tally becomes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, repeat
from math import inf
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.metrics.corruption_error import mean_corruption_error
from agent.metrics.counters import MICRO, Cell, CellKey, Tally
from agent.statistics.intervals import censored_median, wilson
from agent.statistics.sequential import Decision
from agent.statistics.survival import survival_curve
from agent.strategies import Search, Verdict

SCHEMA: Final = "fieldproof.results/1"

Pair = tuple[float, float]

Searched = Callable[[str], Search | None]
"""How the strategy looked for a kind's breaking severities: ``Strategy.searched``."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ModelFacts(_Part):
    """Which model was evaluated."""

    name: str
    kind: str
    sha256: str
    targets: list[str]
    detects: bool


class DataFacts(_Part):
    """What it was evaluated on: frames used, targets in them, pictures left out and why.

    ``reference`` says who named the targets: the data's ``truth``, or, where there is none, the
    model's own ``prediction`` on the clean frame, against which clean accuracy is 1 by itself.
    """

    source: str
    reference: Literal["truth", "prediction"] = "truth"
    frames: int
    targets: int
    rejected: dict[str, str] = Field(default_factory=dict)
    unmatched_labels: dict[str, int] = Field(default_factory=dict)


class CleanFigures(_Part):
    """The model on the frames as they are. ``phantoms``: detections where no target is."""

    n: int
    correct: int
    accuracy: float
    ci95: Pair
    frames: int
    phantoms: int


class ConditionFigures(_Part):
    """The model under one condition.

    ``ci95`` is of the accuracy; ``flip_rate`` is the share of the targets seen clean that are
    lost, with its own interval. Intervals are Wilson's, 95 %.

    ``selected``: a search tried here only those targets that fared so and so elsewhere, so the
    figures are not of all targets; the kind's ``survival`` is. Under a search n counts the targets
    seen clean.
    """

    kind: str
    severity: float
    level: int | None = None
    units: str
    stage: str
    n: int
    correct: int
    accuracy: float
    ci95: Pair
    flips: int
    flip_rate: float
    flip_rate_ci95: Pair
    mean_confidence_drop: float
    frames: int
    phantoms: int
    selected: bool = False


class SurvivalStep(_Part):
    """From ``severity`` on, the share ``seen`` of the clean-seen targets was not lost before."""

    severity: float
    seen: float
    ci95: Pair


class BreakingSeverity(_Part):
    """The severity at which half of the clean-seen targets of a kind are lost.

    ``median`` None means that more than half survived the strongest severity tried; ``censored``
    counts the survivors. ``units`` says the median in physical units. ``searched``: whether losses
    were looked for at all severities of the suite, by bisection or by a scan. ``seen_again`` counts
    targets that were lost and seen at a greater severity; a bisection meets but some of them.
    ``survival``: the share not yet lost, by rising severity (Kaplan and Meier).
    """

    median: float | None
    ci95: tuple[float | None, float | None]
    censored: int
    n: int
    units: str = ""
    searched: Search = "grid"
    seen_again: int = 0
    survival: list[SurvivalStep] = Field(default_factory=list)


class ClaimFigures(_Part):
    """A claim about a kind, tested in sequence: settled after ``n`` tracks or clips, or ``open``.

    ``events`` of them were lost; ``more`` without an event would settle it as holding.
    """

    kind: str
    claim: str
    decision: Decision
    events: int
    n: int
    more: int


class Summary(_Part):
    """Figures over all conditions.

    ``mean_corruption_error`` is un-normalised, in [0, 1]: the mean over kinds of the mean error
    over severities. ``mce`` is ImageNet-C's, over AlexNet's errors (1: as bad as AlexNet), for
    classifiers of ImageNet under its 15 corruptions at their own strengths; else None. A search
    has no mean error: the severities it tries are not spread evenly. ``claims``: what a sequential
    test settled.
    """

    mean_corruption_error: float | None
    mce: float | None = None
    breaking_severity: dict[str, BreakingSeverity]
    claims: list[ClaimFigures] = Field(default_factory=list)


class Results(_Part):
    """All that ``results.json`` holds. Without ``environment`` and ``timing`` it repeats."""

    schema_: Literal["fieldproof.results/1"] = Field(default=SCHEMA, alias="schema")
    model: ModelFacts
    data: DataFacts
    suite: str
    seed: int
    clean: CleanFigures
    conditions: list[ConditionFigures]
    summary: Summary
    environment: dict[str, str] = Field(default_factory=dict)
    timing: dict[str, float] = Field(default_factory=dict)

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _interval(part: int, whole: int) -> Pair:
    low, high = wilson(part, whole)
    return round(low, 6), round(high, 6)


def clean_figures(cell: Cell) -> CleanFigures:
    """The clean cell as figures."""
    return CleanFigures(
        n=cell.n,
        correct=cell.correct,
        accuracy=_share(cell.correct, cell.n),
        ci95=_interval(cell.correct, cell.n),
        frames=cell.frames,
        phantoms=cell.phantoms,
    )


def condition_figures(
    key: CellKey, cell: Cell, units: str, stage: str, lost: Mapping[float | None, int] | None = None
) -> ConditionFigures:
    """One condition's cell as figures.

    ``lost``: of a kind that was searched, the severities at which its targets were lost.
    """
    # A search asks targets that are not seen clean but one question, wherever that falls.
    seen = cell.clean_correct, cell.clean_correct - cell.flips
    n, correct = (cell.n, cell.correct) if lost is None else seen
    return ConditionFigures(
        kind=key.kind,
        severity=key.severity,
        level=key.level,
        units=units,
        stage=stage,
        n=n,
        correct=correct,
        accuracy=_share(correct, n),
        ci95=_interval(correct, n),
        flips=cell.flips,
        flip_rate=_share(cell.flips, cell.clean_correct),
        flip_rate_ci95=_interval(cell.flips, cell.clean_correct),
        mean_confidence_drop=_share(cell.drop_micro, cell.n * MICRO),
        frames=cell.frames,
        phantoms=cell.phantoms,
        selected=lost is not None and cell.clean_correct < sum(lost.values()),
    )


def summarise(
    tally: Tally,
    units: Mapping[CellKey, str],
    standard: Mapping[str, Sequence[float]] | None = None,
    *,
    searched: Searched = lambda kind: "grid",
    seen_again: Mapping[str, int] = MappingProxyType({}),
    verdicts: Sequence[Verdict] = (),
) -> Summary:
    """The figures over all conditions of a tally.

    ``standard``: a classifier of ImageNet's errors under ImageNet-C, by corruption and level.
    ``searched``, ``verdicts``: of the strategy.
    """
    mce = mean_corruption_error(standard) if standard else None
    mean = None if any(by_search(searched(key.kind)) for key in tally.cells) else _mean_error(tally)
    return Summary(
        mean_corruption_error=mean,
        mce=None if mce is None else round(mce, 6),
        breaking_severity={
            kind: _breaking(kind, counts, units, search, seen_again.get(kind, 0))
            for kind, counts in sorted(tally.lost.items())
            if (search := searched(kind)) is not None
        },
        claims=[ClaimFigures(**asdict(verdict)) for verdict in verdicts],
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
    units: Mapping[CellKey, str],
    search: Search,
    seen_again: int,
) -> BreakingSeverity:
    values = list(chain.from_iterable(repeat(severity, k) for severity, k in counts.items()))
    median, low, high = censored_median(values)
    said = {key.severity: text for key, text in units.items() if key.kind == kind}
    return BreakingSeverity(
        median=median,
        ci95=(low, high),
        censored=counts.get(None, 0),
        n=len(values),
        units=said.get(median, "") if median is not None else "",
        searched=search,
        seen_again=seen_again,
        survival=_survival(values),
    )


def _survival(values: Sequence[float | None]) -> list[SurvivalStep]:
    lost = [value for value in values if value is not None]
    # Survivors outlasted every severity tried.
    steps = survival_curve(lost, [inf] * (len(values) - len(lost)))
    return [
        SurvivalStep(severity=at, seen=round(share, 6), ci95=(round(low, 6), round(high, 6)))
        for at, share, low, high in steps
    ]


def to_json(results: Results) -> dict[str, Any]:
    """Plain data in the order of the contract."""
    return results.model_dump(mode="json", by_alias=True)
