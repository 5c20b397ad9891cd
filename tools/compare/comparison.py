"""``compare.json``: the contract ``fieldproof.comparison/1`` and how sums become it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.metrics.counters import CellKey
from agent.statistics.multiple import benjamini_hochberg
from agent.statistics.paired import mcnemar
from tools.compare.clips import clustered_difference, sign_flip
from tools.compare.sums import PairedCell, PairedSums
from tools.evaluate.results import ModelFacts

SCHEMA: Final = "fieldproof.comparison/1"

CHANCE: Final = 0.05
"""The false discovery rate at which a difference counts as more than chance."""

Pair = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComparedData(_Part):
    """On what both were tried. ``targets`` are those that both models know, in ``clips`` clips.

    ``reference`` says who named them: the data's ``truth``, or, where there is none, A's own clean
    ``prediction``; A's clean accuracy is then 1 by itself, and differences favour it. ``unpaired``
    counts targets, by label, that only one model knows or neither: they take no part.
    """

    source: str
    reference: Literal["truth", "prediction"] = "truth"
    frames: int
    targets: int
    clips: int
    rejected: dict[str, str] = Field(default_factory=dict)
    unpaired: dict[str, int] = Field(default_factory=dict)


class PairedFigures(_Part):
    """A and B on the same ``n`` sightings (a target in a picture) of ``clips`` clips.

    ``won`` only B sees, ``lost`` only A. ``difference`` is B's accuracy less A's, its 95 % interval
    widened where frames of a clip are alike. ``mcnemar_p`` takes each sighting for independent
    evidence; ``p`` takes each clip so (equal where each clip has one sighting), and ``adjusted_p``
    is ``p`` after Benjamini and Hochberg over its family: the conditions, or the kinds and the
    clean frames. ``more_than_chance``: ``adjusted_p`` is at most .05.
    """

    n: int
    clips: int
    correct_a: int
    correct_b: int
    accuracy_a: float
    accuracy_b: float
    won: int
    lost: int
    difference: float
    difference_ci95: Pair
    mcnemar_p: float
    p: float
    adjusted_p: float
    more_than_chance: bool
    frames: int
    phantoms_a: int
    phantoms_b: int


class KindFigures(PairedFigures):
    """All severities of a kind together: a target counts once for each of them."""

    kind: str


class ConditionFigures(PairedFigures):
    """One condition."""

    kind: str
    severity: float
    level: int | None = None
    units: str
    stage: str


class Saw(_Part):
    """What a model saw of a target: ``label`` None is nothing there; ``iou`` None a classifier."""

    seen: bool
    label: str | None
    confidence: float
    iou: float | None = None


class ChangedTarget(_Part):
    """A target that one model sees and the other lost. ``kind`` ``clean``: on the clean frame.

    Under a perturbation only targets that both see clean are listed, at the mildest severity.
    """

    clip: str
    frame: int
    source: str
    target: int
    label: str
    distance_m: float | None = None
    kind: str
    severity: float
    level: int | None = None
    units: str = ""
    a: Saw
    b: Saw


class Changes(_Part):
    """Targets, mildest first: all are counted in ``count``, the first of each kind are listed."""

    count: int
    listed: list[ChangedTarget]


class Comparison(_Part):
    """All that ``compare.json`` holds. Without ``environment`` and ``timing`` it repeats.

    ``newly_broken`` are seen by A and lost by B, ``newly_seen`` the other way round.
    """

    schema_: Literal["fieldproof.comparison/1"] = Field(default=SCHEMA, alias="schema")
    verdict: str
    a: ModelFacts
    b: ModelFacts
    data: ComparedData
    suite: str
    seed: int
    clean: PairedFigures
    kinds: list[KindFigures]
    conditions: list[ConditionFigures]
    newly_broken: Changes
    newly_seen: Changes
    environment: dict[str, str] = Field(default_factory=dict)
    timing: dict[str, float] = Field(default_factory=dict)

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Plain data in the order of the contract."""
    return comparison.model_dump(mode="json", by_alias=True)


def clean_and_kinds(sums: PairedSums) -> tuple[PairedFigures, list[KindFigures]]:
    """The family that a verdict is made of: the clean frames and each kind."""
    kinds = sums.kinds()
    clean, *rest = _figures([sums.clean, *kinds.values()])
    return PairedFigures(**clean), [
        KindFigures(kind=kind, **figures) for kind, figures in zip(kinds, rest, strict=True)
    ]


def condition_rows(
    sums: PairedSums, said: Mapping[CellKey, tuple[str, str]]
) -> list[ConditionFigures]:
    """A row per condition; ``said`` gives its units and its stage."""
    return [
        ConditionFigures(
            kind=key.kind,
            severity=key.severity,
            level=key.level,
            units=said[key][0],
            stage=said[key][1],
            **figures,
        )
        for key, figures in zip(sums.cells, _figures(list(sums.cells.values())), strict=True)
    ]


def _figures(family: Sequence[PairedCell]) -> list[dict[str, Any]]:
    """Each cell's figures, p-values adjusted over all of them."""
    rows = [_row(cell) for cell in family]
    tried = [row for row in rows if row["n"]]
    adjusted = benjamini_hochberg([row["p"] for row in tried])
    for row, value in zip(tried, adjusted, strict=True):
        row.update(adjusted_p=round(value, 6), more_than_chance=value <= CHANCE)
    for row in rows:
        row.update({name: round(row[name], 6) for name in ("p", "mcnemar_p")})
    return rows


def _row(cell: PairedCell) -> dict[str, Any]:
    clips = list(cell.clips.values())
    n, won, lost = (sum(getattr(c, name) for c in clips) for name in ("n", "won", "lost"))
    low, high = clustered_difference(clips)
    return {
        "n": n,
        "clips": len(clips),
        "correct_a": cell.correct_a,
        "correct_b": cell.correct_b,
        "accuracy_a": _share(cell.correct_a, n),
        "accuracy_b": _share(cell.correct_b, n),
        "won": won,
        "lost": lost,
        "difference": _share(won - lost, n),
        "difference_ci95": (round(low, 6), round(high, 6)),
        "mcnemar_p": mcnemar(won, lost),
        "p": sign_flip(c.won - c.lost for c in clips),
        "adjusted_p": 1.0,
        "more_than_chance": False,
        "frames": cell.frames,
        "phantoms_a": cell.phantoms_a,
        "phantoms_b": cell.phantoms_b,
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
