"""Charts with their captions, grouped as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from agent.perturbations import STAGES
from tools.evaluate.results import BreakingSeverity, CleanFigures, ConditionFigures, Results
from tools.evaluate.sections.calibration import CalibrationFigures
from tools.evaluate.trials import TrialRow
from tools.report.breaking import conditions_by_kind
from tools.report.charts import distance_strip, reliability, severity_curve, survival_steps
from tools.report.distance import CLEAN, DistanceMap, Strip, map_distances
from tools.report.wording import percent, percent_range, readable, severity

STAGE_NAMES = {
    "on_object": "On the object",
    "in_scene": "In the scene",
    "on_lens": "On the lens",
    "in_sensor": "In the sensor",
}


@dataclass(frozen=True)
class Chart:
    """One small chart: its kind, a line in units beneath, and what it shows in words."""

    kind: str
    line: str
    alt: str
    svg: Markup


@dataclass(frozen=True)
class StageFigures:
    """The severity curves of one stage."""

    name: str
    charts: tuple[Chart, ...]


def stage_figures(results: Results) -> list[StageFigures]:
    """Severity curves by stage, in the order of physics; unknown stages last."""
    stages: dict[str, list[Chart]] = {stage: [] for stage in STAGES}
    for number, (kind, conditions) in enumerate(conditions_by_kind(results).items()):
        breaking = results.summary.breaking_severity.get(kind)
        if breaking is not None and breaking.searched != "grid":
            chart = _survival(number, kind, conditions, breaking)
        else:
            chart = _accuracy(number, kind, conditions, results.clean)
        stages.setdefault(conditions[0].stage, []).append(chart)
    return [
        StageFigures(STAGE_NAMES.get(stage, readable(stage)), tuple(charts))
        for stage, charts in stages.items()
        if charts
    ]


def _accuracy(
    number: int, kind: str, conditions: Sequence[ConditionFigures], clean: CleanFigures
) -> Chart:
    points = [
        f"{severity(c.severity)}: {percent(c.accuracy)} ({percent_range(c.ci95)})"
        for c in conditions
        if c.n
    ]
    return Chart(
        kind=readable(kind),
        line=_span(conditions),
        alt=f"Accuracy by severity of {readable(kind)}: {', '.join(points) or 'no targets'}",
        svg=severity_curve(f"curve{number}", conditions, clean),
    )


def _survival(
    number: int, kind: str, conditions: Sequence[ConditionFigures], breaking: BreakingSeverity
) -> Chart:
    """Of a kind whose severities were searched: the shares at some of them are of some targets."""
    last = breaking.survival[-1].seen if breaking.survival else 1.0
    lost = "none tried" if breaking.median is None else severity(breaking.median)
    return Chart(
        kind=readable(kind),
        line=_span(conditions),
        alt=f"Share still seen by severity of {readable(kind)}: {percent(last)} at the strongest; "
        f"half are lost at {lost}",
        svg=survival_steps(f"curve{number}", breaking, conditions[-1].severity),
    )


def _span(conditions: Sequence[ConditionFigures]) -> str:
    """From the mildest to the strongest setting, in units."""
    ends = dict.fromkeys((conditions[0].units, conditions[-1].units))
    return " → ".join(end for end in ends if end)


def reliability_figure(results: Results) -> Chart | None:
    """Confidence against the share right; None where no answer came with one."""
    clean = results.calibration.get("clean")
    if clean is None:
        return None
    perturbed = results.calibration.get("perturbed")
    lines = [_calibration_line("clean", clean)]
    if perturbed is not None:
        lines.append(_calibration_line("perturbed", perturbed))
    line = "; ".join(lines)
    return Chart(
        "Calibration",
        line,
        f"Share right by confidence. {line}",
        reliability("reliability", clean, perturbed),
    )


def _calibration_line(name: str, figures: CalibrationFigures) -> str:
    bold = figures.overconfidence or 0.0
    side = "too confident" if bold > 0 else "too modest"
    error = percent(figures.expected_error or 0.0)
    return f"{name}: expected error {error}, on average {percent(abs(bold))} {side}"


def distance_figures(trials: Sequence[TrialRow]) -> list[Chart]:
    """A strip per kind of the share seen by distance; none where distances are unknown."""
    distances = map_distances(trials)
    if distances is None:
        return []
    return [_strip(number, strip, distances) for number, strip in enumerate(distances.strips)]


def _strip(number: int, strip: Strip, distances: DistanceMap) -> Chart:
    strongest = max(strip.cells)
    line = (
        f"half seen {_reach(distances.reach_m(strip, CLEAN))} clean, "
        f"{_reach(distances.reach_m(strip, strongest))} at severity {severity(strongest)}"
    )
    return Chart(
        kind=readable(strip.kind),
        line=line,
        alt=f"Share seen by distance under {readable(strip.kind)}: {line}",
        svg=distance_strip(f"strip{number}", strip, distances),
    )


def _reach(metres: float | None) -> str:
    return "nowhere" if metres is None else f"from {metres:g} m"
