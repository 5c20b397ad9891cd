"""What was seen instead of the targets, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.evaluate.results import Results
from tools.evaluate.sections.confusion import ConfusionFigures
from tools.report.wording import percent, readable

MOST_NAMED = 3


@dataclass(frozen=True)
class InsteadRow:
    """Under one kind: shares of targets with nothing in their place, and taken for another."""

    kind: str
    n: int
    missed: str
    misread: str
    taken_for: str
    phantoms: str


def instead_rows(results: Results) -> list[InsteadRow]:
    """The clean frames, all kinds together, then each kind, most lost first."""
    found = dict(results.confusion)
    first = [name for name in ("clean", "perturbed") if name in found]
    rest = sorted((name for name in found if name not in first), key=lambda n: -_lost(found[n]))
    return [_row(name, found[name]) for name in (*first, *rest)]


def _lost(figures: ConfusionFigures) -> float:
    return (figures.missed + figures.misread) / max(1, figures.n)


def _row(kind: str, figures: ConfusionFigures) -> InsteadRow:
    n = figures.n
    named = [f"{row.label} as {row.seen} ({row.times})" for row in figures.instead[:MOST_NAMED]]
    more = len(figures.instead) - len(named)
    phantoms = [f"{label} ({times})" for label, times in figures.phantoms.items()][:MOST_NAMED]
    return InsteadRow(
        kind=readable(kind),
        n=n,
        missed=percent(figures.missed / n) if n else "–",
        misread=percent(figures.misread / n) if n else "–",
        taken_for=", ".join(named) + (f" and {more} more" if more > 0 else ""),
        phantoms=", ".join(phantoms),
    )
