"""The verdict in plain words, and what keeps a reader from trusting it too far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.evaluate.results import Results
from tools.evaluate.trials import TrialRow
from tools.report.breaking import BreakingRow, conditions_by_kind
from tools.report.slicing import weakest
from tools.report.wording import count, listed, percent, percent_range, readable, severity

FEW_TARGETS = 30
LOW_ACCURACY = 0.8
WORST_NAMED = 3
TARGETS_NAMED = 3
NAMES_SHOWN = 12


@dataclass(frozen=True)
class Verdict:
    """The top of a report. ``worst`` holds (kind, severity in words) of what broke."""

    headline: str
    clean: str
    worst: tuple[tuple[str, str], ...]
    more_broke: str
    survivors: str
    weakest: str = ""


@dataclass(frozen=True)
class Caution:
    """One warning; ``details`` are names that belong to it, such as of rejected pictures."""

    text: str
    details: tuple[str, ...] = ()


def pronounce(results: Results, rows: Sequence[BreakingRow]) -> Verdict:
    """What the figures say, in sentences. ``rows`` are the table's, the weakest first."""
    broke = [row for row in rows if row.broke]
    stood = [row.kind for row in rows if not row.broke and row.n]
    more = [f"{row.kind} {row.severity}" for row in broke[WORST_NAMED:]]
    return Verdict(
        headline=_headline(results, broke, stood),
        clean=_clean(results),
        worst=tuple((row.kind, _strength(row)) for row in broke[:WORST_NAMED]),
        more_broke=f"Also: {listed(more)}." if more else "",
        survivors=f"More than half survived the strongest setting tried of {listed(stood)}."
        if stood
        else "",
        weakest=weakest(results.slices),
    )


def _headline(results: Results, broke: Sequence[BreakingRow], stood: Sequence[str]) -> str:
    name = results.model.name
    if not results.clean.n:
        return f"Nothing could be judged of {name}: no target was found in the data."
    if not results.conditions:
        return f"{name} on clean pictures only: no perturbation was tried."
    if broke:
        first = broke[0]
        return f"{name} breaks first under {first.kind}: half lost at severity {first.severity}."
    if stood:
        return f"{name} keeps more than half of its targets under everything tried."
    return f"{name} sees no target on the clean pictures, so there is nothing to lose."


def _strength(row: BreakingRow) -> str:
    return f"{row.severity} ({row.units})" if row.units else row.severity


def _clean(results: Results) -> str:
    clean = results.clean
    if not clean.n:
        return ""
    if results.data.reference == "prediction":
        return (
            "The data has no truth: what the model itself finds on the clean pictures, "
            f"{count(clean.n, 'target')}, is the reference."
        )
    named = results.model.targets
    what = f" ({listed(named)})" if 0 < len(named) <= TARGETS_NAMED else ""
    verb = "finds" if results.model.detects else "rightly names"
    return (
        f"On clean pictures it {verb} {clean.correct} of {count(clean.n, 'target')}{what}: "
        f"{percent(clean.accuracy)}, 95\u202f% interval {percent_range(clean.ci95)}."
    )


def cautions(results: Results, trials: Sequence[TrialRow]) -> list[Caution]:
    """All that a reader should know before trusting the figures; empty where all is well."""
    return [
        *_about_size(results),
        *_about_data(results),
        *_about_model(results, trials),
        *_about_phantoms(results),
    ]


def _about_size(results: Results) -> Iterator[Caution]:
    n, scenes = results.clean.n, results.clean.scenes
    if 0 < n < FEW_TARGETS:
        yield Caution(
            f"Only {count(n, 'target')}: the intervals are wide, and a few points' difference "
            "between conditions means nothing."
        )
    if scenes == 1 and n > 1:
        yield Caution(
            f"All {count(n, 'target')} are of one track: the figures tell of this approach alone, "
            "and no interval can be told. Add approaches, not frames."
        )
    elif 0 < scenes <= n / 2:
        yield Caution(
            f"The {count(n, 'target')} come from only {count(scenes, 'scene')}. Frames of one "
            "approach resemble each other, so the intervals count scenes, and are wide."
        )


def _about_data(results: Results) -> Iterator[Caution]:
    data = results.data
    if data.reference == "prediction":
        yield Caution(
            "The data has no truth. The clean accuracy of 100\u202f% is the model agreeing with "
            "itself, and says nothing of how often it is right."
        )
    if data.rejected:
        yield Caution(
            f"{count(len(data.rejected), 'picture')} could not be used and "
            f"{'is' if len(data.rejected) == 1 else 'are'} left out.",
            _shown([f"{name}: {reason}" for name, reason in data.rejected.items()]),
        )
    if data.unmatched_labels:
        yield Caution(
            "Labels of the data that the model does not know; their objects are left out.",
            _shown([f"{name}: {n}" for name, n in data.unmatched_labels.items()]),
        )


def _about_model(results: Results, trials: Sequence[TrialRow]) -> Iterator[Caution]:
    clean = results.clean
    if clean.n and clean.accuracy < LOW_ACCURACY:
        far = any(row.distance_m is not None for row in trials)
        advice = (
            "Some may be too far away to be seen at all: see the figures by distance."
            if far
            else "Check the preprocessing and the order of labels with: fieldproof model probe."
        )
        yield Caution(
            f"The model misses {clean.n - clean.correct} of {count(clean.n, 'target')} on clean "
            f"pictures already. Breaking severities tell only of the ones it sees. {advice}"
        )
    uneven = [readable(kind) for kind in _uneven_kinds(results)]
    if uneven:
        yield Caution(
            f"More of it does not always do more harm: {listed(uneven)}. Read the curve, not "
            "only the breaking severity."
        )


def _about_phantoms(results: Results) -> Iterator[Caution]:
    clean = results.clean
    if clean.phantoms:
        loose = ", or in a box that overlaps it by less than half"
        yield Caution(
            f"{count(clean.phantoms, 'phantom')} in {count(clean.frames, 'clean frame')}: a "
            f"target was seen where none is{loose if results.model.detects else ''}."
        )
    worst = max(results.conditions, key=lambda c: c.phantoms / max(1, c.frames), default=None)
    rate = clean.phantoms / max(1, clean.frames)
    if worst is not None and worst.phantoms / max(1, worst.frames) > rate:
        yield Caution(
            f"Perturbations make phantoms: most under {readable(worst.kind)} "
            f"{severity(worst.severity)}, {worst.phantoms} in {count(worst.frames, 'frame')}."
        )


def _uneven_kinds(results: Results) -> Iterator[str]:
    """Kinds with a stronger severity that is clearly less harmful: intervals do not overlap."""
    for kind, conditions in conditions_by_kind(results).items():
        ceiling = 1.0
        # What a search tried on some targets only compares with nothing.
        for condition in (c for c in conditions if c.n and not c.selected):
            if condition.ci95[0] > ceiling:
                yield kind
                break
            ceiling = min(ceiling, condition.ci95[1])


def _shown(names: Sequence[str]) -> tuple[str, ...]:
    rest = len(names) - NAMES_SHOWN
    return (*names[:NAMES_SHOWN], f"and {rest} more") if rest > 0 else tuple(names)
