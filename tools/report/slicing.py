"""Slices as the page shows them: a table a property, weak spots marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.metrics.bands import BANDS
from tools.evaluate.sections.slices import SliceFigures, SliceRow, SpreadRow
from tools.report.wording import listed, percent, percent_range, readable

NAMES = {"size_px": "size in the picture", "distance_m": "distance", "yaw": "turned by"}
MOST_BANDS = 24
"""Bands shown of one property, those of most targets; results hold all."""

KINDS_NAMED = 2


@dataclass(frozen=True)
class Cell:
    """A rate with its interval; ``mark`` is the finding, empty where nothing stands out."""

    rate: str
    interval: str
    mark: str


@dataclass(frozen=True)
class BandRow:
    """One slice: targets, scenes, clean and perturbed rates, and where it stands out."""

    band: str
    n: int
    scenes: int
    clean: Cell | None
    perturbed: Cell | None
    worse: str
    better: str
    small: bool


@dataclass(frozen=True)
class PropertyTable:
    """All slices of one property. ``line`` says how far they lie apart; ``left_out`` bands are not
    shown."""

    name: str
    line: str
    rows: tuple[BandRow, ...]
    left_out: int


def property_tables(slices: SliceFigures | None) -> list[PropertyTable]:
    """A table for each property of which there are several slices; those that alarm first."""
    if slices is None:
        return []
    groups: dict[str, dict[str, list[SliceRow]]] = {}
    for row in slices.rows:
        groups.setdefault(row.name, {}).setdefault(row.band, []).append(row)
    tables = [_table(name, bands, slices.spreads) for name, bands in groups.items()]
    return sorted(tables, key=lambda table: not any(row.worse for row in table.rows))


def weakest(slices: SliceFigures | None) -> str:
    """The weakest slice in a sentence; empty where none is more than chance."""
    worst = None if slices is None else slices.worst
    if worst is None or worst.rest is None:
        return ""
    under = {"clean": "on clean pictures", "perturbed": "under all perturbations together"}
    where = under.get(worst.condition, f"under {readable(worst.condition)}")
    return (
        f"Weakest where {name_of(worst.name)} is {worst.band}: {percent(worst.rate)} seen {where}, "
        f"{percent(worst.rest)} elsewhere."
    )


def name_of(name: str) -> str:
    """A property's name for people."""
    return NAMES.get(name, readable(name))


def _table(
    name: str, bands: dict[str, list[SliceRow]], spreads: Sequence[SpreadRow]
) -> PropertyTable:
    rows = [_row(band, cells) for band, cells in bands.items()]
    shown = sorted(rows, key=lambda row: -row.n)[:MOST_BANDS]
    order = {band: place for place, band in enumerate(BANDS[name].names())} if name in BANDS else {}
    shown.sort(key=lambda row: (order.get(row.band, len(order)), row.band))
    return PropertyTable(name_of(name), _line(name, spreads), tuple(shown), len(rows) - len(shown))


def _row(band: str, cells: Sequence[SliceRow]) -> BandRow:
    by_condition = {cell.condition: cell for cell in cells}
    kinds = [c for c in cells if c.condition not in ("clean", "perturbed")]
    first = by_condition.get("clean") or cells[0]
    return BandRow(
        band=band,
        n=first.n,
        scenes=first.scenes,
        clean=_cell(by_condition.get("clean")),
        perturbed=_cell(by_condition.get("perturbed")),
        worse=_among([c for c in kinds if c.finding == "worse"], len(kinds)),
        better=_among([c for c in kinds if c.finding == "better"], len(kinds)),
        small=all(cell.finding == "too small" for cell in cells),
    )


def _cell(row: SliceRow | None) -> Cell | None:
    if row is None:
        return None
    mark = row.finding if row.finding in ("worse", "better") else ""
    return Cell(percent(row.rate), percent_range(row.ci95), mark)


def _among(rows: Sequence[SliceRow], kinds: int) -> str:
    """The kinds of some rows, those farthest from the rest first."""
    if len(rows) == kinds > 1:
        return "all kinds"
    far = sorted(rows, key=lambda row: -abs(row.rate - (row.rest or 0.0)))
    names = [readable(row.condition) for row in far]
    rest = len(names) - KINDS_NAMED
    return listed([*names[:KINDS_NAMED], f"{rest} more"] if rest > 1 else names)


def _line(name: str, spreads: Sequence[SpreadRow]) -> str:
    said = []
    for spread in spreads:
        if spread.name == name and spread.condition in ("clean", "perturbed"):
            ratio = "" if spread.ratio is None else f", ratio {spread.ratio:.2f}"
            said.append(
                f"{spread.condition}: {spread.difference * 100:.0f} points between "
                f"{spread.best} and {spread.worst}{ratio}"
            )
    return "; ".join(said)
