"""``results.json``: the contract ``fieldproof.results/1``; ``figures`` fills it in."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from agent.statistics.sequential import Decision
from agent.strategies import Search
from tools.evaluate.sections import Pair, Section
from tools.evaluate.sections.calibration import CalibrationFigures
from tools.evaluate.sections.confusion import ConfusionFigures
from tools.evaluate.sections.detection import DetectionFigures
from tools.evaluate.sections.slices import SliceFigures
from tools.evaluate.sections.system import SystemFigures

SCHEMA: Final = "fieldproof.results/1"


class ModelFacts(Section):
    """Which model was evaluated."""

    name: str
    kind: str
    sha256: str
    targets: list[str]
    detects: bool


class DataFacts(Section):
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


class CleanFigures(Section):
    """The model on the frames as they are. ``phantoms``: detections where no target is.

    ``scenes`` independent pieces of evidence stand behind ``ci95``: tracks, and whole photos; 0
    where they were not told apart. Of the targets not seen, ``missed`` had nothing in their place,
    and ``misread`` another label.
    """

    n: int
    correct: int
    accuracy: float
    ci95: Pair
    frames: int
    phantoms: int
    scenes: int = 0
    missed: int | None = None
    misread: int | None = None
    average_precision: float | None = None
    calibration_error: float | None = None
    flip_probability: float | None = None


class ConditionFigures(Section):
    """The model under one condition.

    ``ci95`` is of the accuracy; ``flip_rate`` is the share of the targets seen clean that are
    lost, with its own interval. Intervals are Wilson's, 95 %, where each scene holds one target;
    else they count scenes (``scenes``, as in the clean figures), because targets of one resemble
    each other.

    ``mean_iou_drop`` is over the targets seen in both pictures by a detector; ``relative_error``
    the share of what was right clean that the condition costs on balance; ``average_precision`` as
    COCO defines it; ``calibration_error`` the expected one (ECE, 15 bins); ``flip_probability`` how
    often what is seen changes from frame to frame of a track. None: not told.

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
    scenes: int = 0
    missed: int | None = None
    misread: int | None = None
    mean_iou_drop: float | None = None
    relative_error: float | None = None
    average_precision: float | None = None
    calibration_error: float | None = None
    flip_probability: float | None = None


class SurvivalStep(Section):
    """From ``severity`` on, the share ``seen`` of the clean-seen targets was not lost before."""

    severity: float
    seen: float
    ci95: Pair


class BreakingSeverity(Section):
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


class ClaimFigures(Section):
    """A claim about a kind, tested in sequence: settled after ``n`` tracks or clips, or ``open``.

    ``events`` of them were lost; ``more`` without an event would settle it as holding.
    """

    kind: str
    claim: str
    decision: Decision
    events: int
    n: int
    more: int


class WorstCase(Section):
    """The condition under which fewest are seen, and the targets that stood all conditions.

    The least of many noisy figures is too little on average.

    ``survivors`` of ``n`` targets were seen clean and under every condition: what is left where an
    adversary may choose among them. None where a strategy did not try all on all.
    """

    kind: str
    severity: float
    level: int | None = None
    accuracy: float
    ci95: Pair
    n: int | None = None
    survivors: int | None = None


class Summary(Section):
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
    worst_case: WorstCase | None = None


class Results(Section):
    """All that ``results.json`` holds. Without ``environment`` and ``timing`` it repeats.

    ``calibration`` and ``confusion`` are by kind: ``clean``, ``perturbed`` (all kinds together),
    and each. ``detection`` is None for a classifier, ``system`` where no target is followed over
    frames.
    """

    schema_: Literal["fieldproof.results/1"] = Field(default=SCHEMA, alias="schema")
    model: ModelFacts
    data: DataFacts
    suite: str
    seed: int
    clean: CleanFigures
    conditions: list[ConditionFigures]
    summary: Summary
    detection: DetectionFigures | None = None
    calibration: dict[str, CalibrationFigures] = Field(default_factory=dict)
    confusion: dict[str, ConfusionFigures] = Field(default_factory=dict)
    slices: SliceFigures | None = None
    system: SystemFigures | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    timing: dict[str, float] = Field(default_factory=dict)

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def to_json(results: Results) -> dict[str, Any]:
    """Plain data in the order of the contract."""
    return results.model_dump(mode="json", by_alias=True)
