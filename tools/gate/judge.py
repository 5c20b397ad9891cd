"""The answer to each rule of a policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from agent.errors import ConfigError, DataError
from agent.statistics.intervals import wilson
from tools.evaluate.results import ConditionFigures, Results
from tools.gate import policy as rules
from tools.gate.evidence import (
    Answer,
    Measure,
    difference,
    more_needed,
    more_pictures,
    poisson_rate,
    settle,
)
from tools.gate.figures import find, mean_over_kinds, still_seen
from tools.gate.read import read_results
from tools.gate.units import severity_of
from tools.report.wording import percent, readable, severity


@dataclass(frozen=True, slots=True)
class Ruling:
    """One rule's answer. ``measured`` is the figure in words, ``more_frames`` about how many more
    would settle an ``unsure`` one (None: not to be told); ``note`` says why, where that is not
    plain.
    """

    rule: str
    demand: str
    answer: Answer
    measured: str = ""
    more_frames: int | None = None
    note: str = ""
    why: str = ""


class Judge:
    """Answers rules about one result. ``folder`` is where a policy's own paths begin.

    ``baseline`` overrules those that rules name. Raises ``DataError`` where a rule needs targets
    and the data has none, ``ConfigError`` where a rule cannot be asked.
    """

    def __init__(self, results: Results, folder: Path, baseline: Path | None = None) -> None:
        self.results = results
        self._folder = folder
        self._baseline = baseline

    def rule_on(self, rule: rules.Rule) -> Ruling:
        """The answer to one rule."""
        if not isinstance(rule, rules.PhantomsPerFrame) and not self.results.clean.n:
            raise DataError(
                f"The data of these results, {self.results.data.source}, holds no target of the "
                f"model ({', '.join(self.results.model.targets[:6]) or 'any label'}): "
                f"{rule.rule} cannot be told.",
                remedy="Evaluate on data that holds the target, or join its labels with --alias.",
            )
        if isinstance(rule, rules.CleanAccuracy):
            return self._clean(rule)
        if isinstance(rule, rules.RobustAccuracy):
            return self._robust(rule)
        if isinstance(rule, rules.FlipRate):
            return self._flips(rule)
        if isinstance(rule, rules.WorstAccuracy):
            return self._worst(rule)
        if isinstance(rule, rules.BreakingSeverity):
            return self._breaking(rule)
        if isinstance(rule, rules.PhantomsPerFrame):
            return self._phantoms(rule)
        if isinstance(rule, rules.MeanCorruptionError):
            return self._error(rule)
        if isinstance(rule, rules.Regression):
            return self._regression(rule)
        return self._slices(rule)

    def _clean(self, rule: rules.CleanAccuracy) -> Ruling:
        clean = self.results.clean
        measure = Measure(clean.accuracy, *clean.ci95)
        return self._at_least(rule, "seen clean", measure, rule.at_least)

    def _robust(self, rule: rules.RobustAccuracy) -> Ruling:
        cell = self._cell(rule.kind, rule.severity, rule.level)
        if cell is None or not cell.n or cell.selected:
            demand = f"seen under {_named(rule)} at least {percent(rule.at_least)}"
            return _missing(rule, demand, self._why_not(cell))
        measure = Measure(cell.accuracy, *cell.ci95)
        return self._at_least(rule, f"seen under {_named(rule)}", measure, rule.at_least)

    def _flips(self, rule: rules.FlipRate) -> Ruling:
        cell = self._cell(rule.kind, rule.severity, rule.level)
        what = f"lost under {_named(rule)}"
        if cell is None or not cell.n or cell.selected:
            return _missing(rule, f"{what} at most {percent(rule.at_most)}", self._why_not(cell))
        measure = Measure(cell.flip_rate, *cell.flip_rate_ci95)
        return self._at_most(rule, what, measure, rule.at_most)

    def _worst(self, rule: rules.WorstAccuracy) -> Ruling:
        cells = [
            c
            for c in self.results.conditions
            if c.n
            and not c.selected
            and rule.severity in (None, c.severity)
            and rule.level in (None, c.level)
        ]
        demand = f"seen under every condition{_strength(rule)} at least {percent(rule.at_least)}"
        if not cells:
            return _missing(rule, demand, "no such condition was tried")
        # To pass, each must pass by itself. Among many some fail by chance, so failing takes more.
        z = NormalDist().inv_cdf(1 - 0.025 / len(cells))
        worst = min(cells, key=lambda c: (c.ci95[0], c.accuracy))
        measure = Measure(worst.accuracy, *worst.ci95)
        broken = any(wilson(c.correct, c.n, z).high < rule.at_least for c in cells)
        kept = all(c.ci95[0] >= rule.at_least for c in cells)
        answer: Answer = "fail" if broken else "pass" if kept else "unsure"
        note = f"the worst: {readable(worst.kind)} {severity(worst.severity)}"
        return self._ruling(rule, demand, answer, measure, rule.at_least, note=note)

    def _slices(self, rule: rules.WorstSlice) -> Ruling:
        found = self.results.slices
        wanted = "every slice" + (f" by {readable(rule.name)}" if rule.name else "")
        under = "clean" if rule.kind == "clean" else f"under {readable(rule.kind)}"
        demand = f"{wanted} seen {under} at least {percent(rule.at_least)}"
        rows = [
            row
            for row in (found.rows if found is not None else ())
            if row.condition == rule.kind and rule.name in ("", row.name)
        ]
        if not rows:
            return _missing(rule, demand, "no such slices")
        large = [row for row in rows if row.finding != "too small"]
        small = len(rows) - len(large)
        aside = f"; {small} slices too small to tell" if small else ""
        if not large:
            note = f"all {small} slices are too small to tell"
            return Ruling(rule.rule, demand, "unsure", "", None, note, rule.why)
        # As for the worst condition: to pass, each by itself; to fail, beyond the chance of many.
        worst = min(large, key=lambda row: (row.ci95[0], row.rate))
        broken = any(row.together95[1] < rule.at_least for row in large)
        kept = all(row.ci95[0] >= rule.at_least for row in large)
        answer: Answer = "fail" if broken else "pass" if kept else "unsure"
        measure = Measure(worst.rate, *worst.ci95)
        note = f"the worst: {readable(worst.name)} {worst.band}{aside}"
        return self._ruling(rule, demand, answer, measure, rule.at_least, note=note)

    def _breaking(self, rule: rules.BreakingSeverity) -> Ruling:
        cells = [c for c in self.results.conditions if c.kind == rule.kind]
        demand = f"half still seen under {readable(rule.kind)} up to "
        demand += rule.up_to or severity(rule.at_least or 0.0)
        found = self.results.summary.breaking_severity.get(rule.kind)
        if found is None or not cells:
            return _missing(rule, demand, f"{rule.kind} was not tried")
        limit = rule.at_least or severity_of(rule.kind, rule.up_to, cells)
        tried = sorted({c.severity for c in cells} | {s.severity for s in found.survival})
        below = [s for s in tried if s <= limit + 1e-9]
        above = [s for s in tried if s >= limit - 1e-9]
        still = still_seen(found, above[0]) if above else None
        before = still_seen(found, below[-1]) if below else None
        if still is not None and still.low > 0.5:
            return self._ruling(rule, demand, "pass", still, 0.5)
        if before is not None and before.high < 0.5:
            return self._ruling(rule, demand, "fail", before, 0.5)
        if still is None:
            note = f"it was tried up to {severity(tried[-1])} only, not to {severity(limit)}"
            return _missing(rule, demand, note)
        if before is None or before.low > 0.5:
            # More frames may not help: the loss lies somewhere between two severities.
            note = f"try severities between {severity(below[-1] if below else 0)} and "
            note += severity(above[0])
            if still.high < 0.5:
                return Ruling(rule.rule, demand, "unsure", _said(still), None, note, rule.why)
        return self._ruling(rule, demand, "unsure", still, 0.5)

    def _phantoms(self, rule: rules.PhantomsPerFrame) -> Ruling:
        found: ConditionFigures | None = None
        events, frames = self.results.clean.phantoms, self.results.clean.frames
        what = "phantoms per clean frame"
        if rule.kind:
            found = self._cell(rule.kind, rule.severity, rule.level)
            what = f"phantoms per frame under {_named(rule)}"
            if found is None or found.selected:
                return _missing(rule, f"{what} at most {rule.at_most:g}", self._why_not(found))
            events, frames = found.phantoms, found.frames
        low, high = poisson_rate(events, frames)
        measure = Measure(events / frames if frames else 0.0, low, high)
        answer = settle(measure, at_most=rule.at_most)
        said = f"{measure.value:.3g} ({low:.3g} to {high:.3g})"
        more = more_pictures(measure.value, rule.at_most, frames) if answer == "unsure" else None
        return Ruling(
            rule.rule, f"{what} at most {rule.at_most:g}", answer, said, more, "", rule.why
        )

    def _error(self, rule: rules.MeanCorruptionError) -> Ruling:
        value = self.results.summary.mean_corruption_error
        if value is None:
            demand = f"mean corruption error at most {percent(rule.at_most)}"
            return _missing(rule, demand, "a search, or a suite without conditions, has none")
        # The same targets meet all conditions, so their errors may err together: the mean of the
        # intervals' ends is wide enough however they do.
        high = mean_over_kinds(self.results, lambda c: 1 - c.ci95[0])
        low = mean_over_kinds(self.results, lambda c: 1 - c.ci95[1])
        return self._at_most(rule, "mean corruption error", Measure(value, low, high), rule.at_most)

    def _regression(self, rule: rules.Regression) -> Ruling:
        before = self._before(rule)
        what = f"accuracy under {_named(rule)}" if rule.kind else "clean accuracy"
        measures = [self._accuracy(rule, results) for results in (before, self.results)]
        if measures[0] is None or measures[1] is None:
            demand = f"{what} falls by at most {percent(rule.at_most)}"
            return _missing(rule, demand, "one of the two results did not try that")
        fall = difference(measures[0], measures[1])
        ruling = self._at_most(rule, f"{what} falls by", fall, rule.at_most)
        if ruling.answer != "unsure":
            return ruling
        note = "`fieldproof compare` needs fewer frames: it pairs them"
        return Ruling(
            ruling.rule,
            ruling.demand,
            "unsure",
            ruling.measured,
            ruling.more_frames,
            note,
            rule.why,
        )

    def _before(self, rule: rules.Regression) -> Results:
        where = self._baseline or (self._folder / rule.baseline if rule.baseline else None)
        if where is None:
            raise ConfigError(
                "The rule regression names no baseline.",
                remedy='Give the rule baseline = "before/results.json", or use --baseline.',
            )
        before, now = read_results(where), self.results
        # By the last part of the path: a pipeline checks the same data out in other places.
        same = [(Path(r.data.source).name, r.data.frames, r.clean.n) for r in (before, now)]
        if same[0] != same[1]:
            raise DataError(
                f"The baseline {where} is of other data: {same[0][0]}, {same[0][1]} frames, "
                f"{same[0][2]} targets; these results are of {same[1][0]}, {same[1][1]} frames, "
                f"{same[1][2]} targets.",
                remedy="Evaluate both models on the same data, with the same --limit and --seed.",
            )
        return before

    def _accuracy(self, rule: rules.Regression, results: Results) -> Measure | None:
        if not rule.kind:
            return Measure(results.clean.accuracy, *results.clean.ci95)
        cell = find(results, rule.kind, rule.severity, rule.level)
        usable = cell is not None and cell.n and not cell.selected
        return Measure(cell.accuracy, *cell.ci95) if cell is not None and usable else None

    def _cell(self, kind: str, at: float | None, level: int | None) -> ConditionFigures | None:
        return find(self.results, kind, at, level)

    def _why_not(self, cell: ConditionFigures | None) -> str:
        if cell is None:
            kinds = ", ".join(dict.fromkeys(c.kind for c in self.results.conditions)) or "none"
            return f"no such condition was tried; kinds: {kinds}"
        return "a search tried only some targets there" if cell.selected else "no target took part"

    def _at_least(self, rule: rules.Rule, what: str, measure: Measure, limit: float) -> Ruling:
        demand = f"{what} at least {percent(limit)}"
        return self._ruling(rule, demand, settle(measure, at_least=limit), measure, limit)

    def _at_most(self, rule: rules.Rule, what: str, measure: Measure, limit: float) -> Ruling:
        demand = f"{what} at most {percent(limit)}".replace("by at most", "by no more than")
        return self._ruling(rule, demand, settle(measure, at_most=limit), measure, limit)

    def _ruling(
        self,
        rule: rules.Rule,
        demand: str,
        answer: Answer,
        measure: Measure,
        limit: float,
        *,
        note: str = "",
    ) -> Ruling:
        frames = self.results.data.frames
        unsure, known = answer == "unsure", measure.high - measure.low < 1
        more = more_needed(measure, limit, frames) if unsure and known else None
        if unsure and not known:
            note = note or "all of one scene: it wants other approaches, not more frames"
        return Ruling(rule.rule, demand, answer, _said(measure), more, note, rule.why)


def _missing(rule: rules.Rule, demand: str, why: str) -> Ruling:
    return Ruling(rule.rule, demand, "missing", "", None, f"not in these results: {why}", rule.why)


def _named(
    rule: rules.RobustAccuracy | rules.FlipRate | rules.PhantomsPerFrame | rules.Regression,
) -> str:
    at = f"level {rule.level}" if rule.severity is None else severity(rule.severity)
    return f"{readable(rule.kind)} {at}"


def _strength(rule: rules.WorstAccuracy) -> str:
    if rule.severity is not None:
        return f" of severity {severity(rule.severity)}"
    return f" of level {rule.level}" if rule.level is not None else ""


def _said(measure: Measure) -> str:
    return f"{percent(measure.value)} ({percent(measure.low)} to {percent(measure.high)})"
