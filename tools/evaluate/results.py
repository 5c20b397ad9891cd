"""``results.json``: the contract ``fieldproof.results/1`` and how a tally becomes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.metrics.corruption_error import mean_corruption_error
from agent.metrics.counters import MICRO, Cell, CellKey, Tally
from agent.statistics.intervals import censored_median, wilson

SCHEMA: Final = "fieldproof.results/1"

Pair = tuple[float, float]


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


class BreakingSeverity(_Part):
    """The severity at which half of the clean-seen targets of a kind are lost.

    ``median`` None means that more than half survived the strongest severity tried; ``censored``
    counts the survivors. ``units`` says the median in physical units.
    """

    median: float | None
    ci95: tuple[float | None, float | None]
    censored: int
    n: int
    units: str = ""


class Summary(_Part):
    """Figures over all conditions.

    ``mean_corruption_error`` is un-normalised, in [0, 1]: the mean over kinds of the mean error
    over severities. ``mce`` is ImageNet-C's, over AlexNet's errors (1: as bad as AlexNet), for
    classifiers of ImageNet under its 15 corruptions at their own strengths; else None.
    """

    mean_corruption_error: float | None
    mce: float | None = None
    breaking_severity: dict[str, BreakingSeverity]


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


def condition_figures(key: CellKey, cell: Cell, units: str, stage: str) -> ConditionFigures:
    """One condition's cell as figures."""
    return ConditionFigures(
        kind=key.kind,
        severity=key.severity,
        level=key.level,
        units=units,
        stage=stage,
        n=cell.n,
        correct=cell.correct,
        accuracy=_share(cell.correct, cell.n),
        ci95=_interval(cell.correct, cell.n),
        flips=cell.flips,
        flip_rate=_share(cell.flips, cell.clean_correct),
        flip_rate_ci95=_interval(cell.flips, cell.clean_correct),
        mean_confidence_drop=_share(cell.drop_micro, cell.n * MICRO),
        frames=cell.frames,
        phantoms=cell.phantoms,
    )


def summarise(
    tally: Tally,
    units: Mapping[CellKey, str],
    standard: Mapping[str, Sequence[float]] | None = None,
) -> Summary:
    """The figures over all conditions of a tally.

    ``standard``: a classifier of ImageNet's errors under ImageNet-C, by corruption and level.
    """
    mce = mean_corruption_error(standard) if standard else None
    by_kind: dict[str, list[float]] = {}
    for key, cell in tally.cells.items():
        if cell.n:
            by_kind.setdefault(key.kind, []).append(1 - cell.correct / cell.n)
    means = [sum(errors) / len(errors) for _, errors in sorted(by_kind.items())]
    return Summary(
        mean_corruption_error=round(sum(means) / len(means), 6) if means else None,
        mce=None if mce is None else round(mce, 6),
        breaking_severity={
            kind: _breaking(kind, counts, units) for kind, counts in sorted(tally.lost.items())
        },
    )


def _breaking(
    kind: str, counts: dict[float | None, int], units: Mapping[CellKey, str]
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
    )


def to_json(results: Results) -> dict[str, Any]:
    """Plain data in the order of the contract."""
    return results.model_dump(mode="json", by_alias=True)
