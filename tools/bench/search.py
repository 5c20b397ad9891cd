"""``fieldproof bench search``: breaking points searched for, against a fine grid of severities.

Both look at the same frames with the same seeds. The grid tries every level on every target and is
taken for the truth; the search is judged by how far its medians lie from it and by what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from agent.assembly import Examiner
from agent.session import Session
from agent.statistics.intervals import censored_median
from agent.strategies.breaking_point import BreakingPoint
from agent.strategies.grid import Grid
from agent.values import Condition
from tools.bench.speed import Goal
from tools.bench.tables import print_goals
from tools.evaluate.data import DataSpec
from tools.evaluate.gather import Gathering

LEVELS: Final = 41
"""Of the grid: 0, .025, ... 1. The identity loses nothing and is not tried."""

NEAR: Final = 0.03
CHEAP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Row:
    """One kind: medians by grid and by search (None: not up to 1), pictures that each tried."""

    kind: str
    search: str
    targets: int
    grid: float | None
    found: float | None
    grid_pictures: int
    search_pictures: int

    @property
    def apart(self) -> float:
        """Distance of the medians in severity; a median beyond 1 counts as 1."""
        ends = (1.0 if value is None else value for value in (self.grid, self.found))
        return abs(next(ends) - next(ends))

    @property
    def share(self) -> float:
        """Of the grid's pictures, those that the search needed."""
        return self.search_pictures / self.grid_pictures


@dataclass(frozen=True, slots=True)
class Searched:
    """All kinds of which some target was seen clean."""

    model: str
    source: str
    frames: int
    rows: tuple[Row, ...]

    @property
    def goals(self) -> tuple[Goal, ...]:
        far = max(self.rows, key=lambda row: row.apart)
        goals = [
            Goal("hundredths of severity between the medians", 100 * NEAR, 100 * far.apart,
                 far.apart <= NEAR + 1e-9, far.kind),
        ]  # fmt: skip
        halved = [row for row in self.rows if row.search == "bisection"]
        if halved:
            dear = max(halved, key=lambda row: row.share)
            what = "share of the grid's pictures for a monotone kind"
            goals.append(Goal(what, CHEAP, dear.share, dear.share <= CHEAP, dear.kind))
        return tuple(goals)

    @property
    def met(self) -> bool:
        return all(goal.met for goal in self.goals)

    def to_json(self) -> dict[str, Any]:
        rows = [{**asdict(row), "apart": row.apart, "share": row.share} for row in self.rows]
        goals = [asdict(goal) for goal in self.goals]
        return {"model": self.model, "data": self.source, "frames": self.frames, "rows": rows,
                "goals": goals}  # fmt: skip


def measure(examiner: Examiner, data: DataSpec, progress: Callable[[int, int], None]) -> Searched:
    """Search and grid over all frames. Raises what opening them raises."""
    camera = data.open()
    session, _ = examiner.open(camera.labels)
    search = replace(session, strategy=BreakingPoint(session.strategy.conditions))
    grid = replace(session, strategy=Grid(levels(session)))
    sums = {id(search): Gathering(), id(grid): Gathering()}
    count = len(camera)
    for index in range(count):
        frame = camera.read(index)
        for one in (search, grid):
            sums[id(one)].add(one.examine(frame))
        progress(index + 1, count)
    rows = _rows(search, sums[id(search)], sums[id(grid)])
    return Searched(session.model.name, data.source, count, rows)


def levels(session: Session) -> tuple[Condition, ...]:
    """Each condition of the suite that varies, at the grid's severities."""
    varied = {c.kind: c for c in session.strategy.conditions if c.varied is not None}
    steps = [number / (LEVELS - 1) for number in range(1, LEVELS)]
    return tuple(condition.at(step) for condition in varied.values() for step in steps)


def _rows(search: Session, found: Gathering, grid: Gathering) -> tuple[Row, ...]:
    rows = []
    for kind, lost in grid.tally.lost.items():
        rows.append(
            Row(
                kind=kind,
                search=search.strategy.searched(kind) or "",
                targets=sum(lost.values()),
                grid=_median(lost),
                found=_median(found.tally.lost[kind]),
                grid_pictures=_pictures(grid, kind),
                search_pictures=_pictures(found, kind),
            )
        )
    return tuple(rows)


def _median(lost: dict[float | None, int]) -> float | None:
    return censored_median([at for at, many in lost.items() for _ in range(many)]).median


def _pictures(gathered: Gathering, kind: str) -> int:
    return sum(cell.frames for key, cell in gathered.tally.cells.items() if key.kind == kind)


def show(console: Console, measured: Searched) -> None:
    """Print a row per kind and whether the goals are met."""
    table = Table(
        "kind", "search", "targets", "median, grid", "median, search", "apart", "pictures", "share",
        title=f"{measured.model} on {measured.source}, {measured.frames} frames; grid of {LEVELS}",
        title_justify="left",
    )  # fmt: skip
    for row in measured.rows:
        medians = ("beyond 1" if m is None else f"{m:.3f}" for m in (row.grid, row.found))
        pictures = f"{row.search_pictures} of {row.grid_pictures}"
        table.add_row(
            row.kind, row.search, str(row.targets), *medians, f"{row.apart:.3f}", pictures,
            f"{row.share:.1%}",
        )  # fmt: skip
    console.print(table)
    print_goals(console, measured.goals, timed_with_litert=True)
