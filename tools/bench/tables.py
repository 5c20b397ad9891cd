"""What the bench measured, as tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tools.bench.accuracy import Pair
from tools.bench.fidelity import Check
from tools.bench.speed import Goal, Speeds

_CHANCE = 0.05  # how often a 95 % interval misses


def print_speeds(console: Console, speeds: Speeds) -> None:
    """A row per kind: times, copies, shares of an inference, times imagecorruptions' speed."""
    timed, small = speeds.inference, next(iter(speeds.memcpy_ms))
    table = Table(
        title=f"Median time per picture, one thread; {timed.model} with {timed.runtime}: "
        f"{timed.ms:.2f} ms; copy of {small}: {1000 * speeds.memcpy_ms[small]:.1f} µs",
        title_justify="left",
    )
    table.add_column("stage")
    table.add_column("kind", no_wrap=True)
    for size in speeds.memcpy_ms:
        table.add_column(f"{size}\nms", justify="right")
        table.add_column("copies", justify="right")
        table.add_column("inference", justify="right")
    table.add_column("new seed\nms", justify="right")
    table.add_column("imagecorr.", justify="right")
    for row in speeds.rows:
        cells: list[str] = []
        for size, copy_ms in speeds.memcpy_ms.items():
            ms = row.frame_ms[size]
            cells += [f"{ms:.3f}", f"{ms / copy_ms:.0f}", f"{ms / timed.ms:.1%}"]
        over = "" if row.over_reference is None else f"{row.over_reference:.1f}x"
        table.add_row(row.stage.replace("_", " "), row.kind, *cells, f"{row.fresh_ms:.3f}", over)
    console.print(table)


def print_goals(console: Console, goals: Sequence[Goal], timed_with_litert: bool) -> None:
    """The goals, what was measured, and whether they are met."""
    table = Table("goal", "limit", "measured", "decided by", "met", title_justify="left")
    for goal in goals:
        share = "share" in goal.what
        shown = [f"{v:.1%}" if share else f"{v:.1f}" for v in (goal.limit, goal.value)]
        met = "[green]yes[/]" if goal.met else "[red]no[/]"
        table.add_row(goal.what, shown[0], shown[1], goal.worst, met)
    console.print(table)
    if not timed_with_litert:
        console.print(
            "[yellow]note:[/] the goals are meant for an inference of MobileNetV2 at 224x224 with "
            "LiteRT; another model or runtime makes the shares larger or smaller."
        )


def print_fidelity(console: Console, checks: Sequence[Check]) -> None:
    """How near each fast operation is to the exact one."""
    table = Table("kind", "against", "figure", "measured", "limit", "met", title_justify="left")
    table.title = "Faithfulness to the exact operation"
    for check in checks:
        met = "[green]yes[/]" if check.met else "[red]no[/]"
        table.add_row(
            check.kind, check.against, check.figure, f"{check.value:.3g}", check.limit_text, met
        )
    console.print(table)


def print_accuracy(console: Console, model: str, pairs: Sequence[Pair]) -> None:
    """Both columns of accuracies, and how many differ by more than chance."""
    table = Table(
        "corruption", "level", "ours", "imagecorruptions", "difference", "within",
        title=f"Accuracy of {model} on {pairs[0].n} pictures at 224x224",
        title_justify="left",
    )  # fmt: skip
    for pair in pairs:
        table.add_row(
            pair.corruption if pair.level == 1 else "",
            str(pair.level),
            f"{pair.ours / pair.n:.1%}",
            f"{pair.theirs / pair.n:.1%}",
            f"{pair.difference:+.1%} ± {pair.half_width:.1%}",
            "[green]yes[/]" if pair.within else "[red]no[/]",
        )
    console.print(table)
    outside = sum(not pair.within for pair in pairs)
    console.print(
        f"{outside} of {len(pairs)} differ by more than the sampling error; "
        f"about {_CHANCE * len(pairs):.0f} would by chance."
    )
