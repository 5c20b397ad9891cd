"""A gate's verdict on the terminal, and a ruling in words."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.gate.judge import Ruling
from tools.gate.verdict import Verdict
from tools.report.wording import count

ANSWERS: Final = {
    "pass": ("pass", "green"),
    "fail": ("fail", "red"),
    "unsure": ("not enough evidence", "yellow"),
    "missing": ("not in these results", "red"),
}


def print_verdict(console: Console, verdict: Verdict) -> None:
    """A row per rule, and the answer of them all."""
    table = Table(
        title=f"{escape(verdict.model)} on {escape(verdict.source)}, policy "
        f"{escape(verdict.policy)}",
        title_justify="left",
    )
    for heading in ("rule", "answer", "measured, 95 % interval", "remark"):
        table.add_column(heading)
    for ruling in verdict.rulings:
        said, colour = ANSWERS[ruling.answer]
        table.add_row(
            escape(ruling.demand), f"[{colour}]{said}[/]", ruling.measured, escape(_remark(ruling))
        )
    console.print(table)
    broken = sum(map(verdict.breaks, verdict.rulings))
    console.print(
        "[bold green]The policy is kept.[/]"
        if verdict.kept
        else f"[bold red]The policy is broken[/] by {broken} of {len(verdict.rulings)} rules."
    )


def explanation(ruling: Ruling) -> str:
    """A ruling in one line."""
    parts = [ANSWERS[ruling.answer][0], ruling.measured, _remark(ruling)]
    return "; ".join(part for part in parts if part)


def _remark(ruling: Ruling) -> str:
    needed = ""
    if ruling.answer == "unsure" and ruling.more_frames is not None:
        needed = f"about {count(ruling.more_frames, 'more frame')} would tell"
    elif ruling.answer == "unsure" and not ruling.note:
        needed = "the figure lies on the limit: more frames may not tell"
    return "; ".join(part for part in (needed, ruling.note.removeprefix(_MISSING)) if part)


_MISSING: Final = "not in these results: "
