"""A comparison on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.compare.command import Outcome
from tools.compare.comparison import Comparison, PairedFigures
from tools.compare.page import points, points_range
from tools.compare.verdict import cautions, p_value
from tools.report.wording import readable


def print_outcome(console: Console, outcome: Outcome) -> None:
    """The verdict, a row per kind, cautions, and where the files are."""
    comparison = outcome.comparison
    console.print(f"\n[bold]A[/] {_named(comparison.a.name, comparison.a.sha256)}")
    console.print(f"[bold]B[/] {_named(comparison.b.name, comparison.b.sha256)}")
    console.print(f"\n[bold]{escape(comparison.verdict)}[/]\n")
    console.print(kinds_table(comparison))
    for caution in cautions(comparison):
        more = f" {', '.join(caution.details)}" if caution.details else ""
        console.print(f"[yellow]note:[/] {escape(caution.text + more)}")
    for note in outcome.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    for path in outcome.files:
        console.print(f"  wrote {escape(str(path))}", soft_wrap=True)


def kinds_table(comparison: Comparison) -> Table:
    """A row for the clean frames and for each kind."""
    table = Table(
        title=f"Sightings, suite {escape(comparison.suite)}, paired", title_justify="left"
    )
    table.add_column("condition")
    for heading in ("n", "A", "B", "B lost", "B won", "B less A", "95 % interval", "p corrected"):
        table.add_column(heading, justify="right")
    table.add_row("clean", *_row(comparison.clean))
    for kind in comparison.kinds:
        table.add_row(escape(readable(kind.kind)), *_row(kind))
    return table


def _row(figures: PairedFigures) -> list[str]:
    if not figures.n:
        return ["0", *["-"] * 7]
    colour = "red" if figures.difference < 0 else "green"
    difference, p = points(figures.difference), p_value(figures.adjusted_p)
    if figures.more_than_chance:
        difference, p = f"[{colour}]{difference}[/]", f"[{colour}]{p}[/]"
    return [
        str(figures.n),
        f"{figures.accuracy_a:.1%}",
        f"{figures.accuracy_b:.1%}",
        str(figures.lost),
        str(figures.won),
        difference,
        points_range(figures.difference_ci95),
        p,
    ]


def _named(name: str, sha256: str) -> str:
    return f"{escape(name)} [dim]{sha256[:12]}[/]"
