"""Slices as results tell them: where in the data the model is weak."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from agent.metrics.slices import Finding, SliceRate, spreads, worst_slice
from tools.evaluate.sections import Pair, Section, pair, rounded


class SliceRow(Section):
    """One slice under one condition: ``seen`` of ``n`` targets in ``scenes`` scenes.

    ``condition`` is ``clean``, a kind (all its severities together) or ``perturbed`` (all kinds).
    ``ci95`` holds for this row alone, ``together95`` for all rows at once. ``rest`` is the rate of
    the property's other targets; ``p`` is adjusted for all rows compared.
    """

    name: str
    band: str
    condition: str
    seen: int
    n: int
    scenes: int
    rate: float
    ci95: Pair
    together95: Pair
    rest: float | None
    p: float | None
    finding: Finding


class SpreadRow(Section):
    """How far a property's slices lie apart: greatest less least rate, least over greatest."""

    name: str
    condition: str
    worst: str
    best: str
    difference: float
    ratio: float | None


class SliceFigures(Section):
    """All slices, their spreads, and the weakest of those that are more than chance."""

    rows: list[SliceRow]
    spreads: list[SpreadRow] = Field(default_factory=list)
    worst: SliceRow | None = None


def slice_figures(rates: Sequence[SliceRate]) -> SliceFigures:
    """Rates as figures. A property of which all targets share one band tells nothing, and is left
    out."""
    several = {rate.slice.name for rate in rates if rate.rest is not None}
    told = [rate for rate in rates if rate.slice.name in several]
    worst = worst_slice(told)
    return SliceFigures(
        rows=[_row(rate) for rate in told],
        spreads=[
            SpreadRow(
                name=name,
                condition=condition,
                worst=spread.worst.slice.band,
                best=spread.best.slice.band,
                difference=round(spread.difference, 6),
                ratio=rounded(spread.ratio),
            )
            for (condition, name), spread in spreads(told).items()
        ],
        worst=None if worst is None else _row(worst),
    )


def _row(rate: SliceRate) -> SliceRow:
    return SliceRow(
        name=rate.slice.name,
        band=rate.slice.band,
        condition=rate.condition,
        seen=rate.k,
        n=rate.n,
        scenes=rate.scenes,
        rate=round(rate.rate, 6),
        ci95=pair(rate.interval),
        together95=pair(rate.together),
        rest=rounded(rate.rest),
        p=rounded(rate.p),
        finding=rate.finding,
    )
