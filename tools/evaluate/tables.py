"""Results as tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.evaluate.evaluation import Outcome
from tools.evaluate.results import ConditionFigures, Results
from tools.report.breaking import interval_text
from tools.report.slicing import weakest
from tools.report.verdict import LOW_ACCURACY


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Clean figures, a row per kind, what was left out, and where the files are."""
    results = outcome.results
    console.print(f"\n{clean_sentence(results)}")
    if results.clean.n and results.clean.accuracy < LOW_ACCURACY:
        console.print(
            "[yellow]note:[/] that is little for clean frames. `fieldproof model probe` tells "
            "whether the card feeds and reads the model rightly."
        )
    if results.conditions:
        for table in outcome_tables(results):
            console.print(table)
        console.print(error_sentence(results))
        for sentence in further_sentences(results):
            console.print(sentence)
    print_left_out(console, results)
    for note in outcome.notes:
        console.print(f"[yellow]note:[/] {escape(note)}")
    for path in outcome.files:
        console.print(f"  wrote {escape(str(path))}", soft_wrap=True)


def clean_sentence(results: Results) -> str:
    """What the model saw on the clean frames, as rich markup."""
    clean = results.clean
    name, source = escape(results.model.name), escape(results.data.source)
    phantoms = f"{clean.phantoms} phantoms in {clean.frames} frames"
    if results.data.reference == "prediction":
        return (
            f"[bold]{name}[/] on {source}, which has no truth: its own {clean.n} findings on "
            f"{clean.frames} clean frames are the reference"
        )
    if not clean.n:
        return f"[bold]{name}[/] on {source}: no targets; {phantoms}"
    sure = f"95 % interval {clean.ci95[0]:.1%} to {clean.ci95[1]:.1%}"
    if clean.scenes == 1 < clean.n:
        sure = "all of one track, so no interval can be told"
    return (
        f"[bold]{name}[/] on {source}: [bold]{clean.correct} of {clean.n}[/] seen on clean frames "
        f"({clean.accuracy:.1%}, {sure}), {phantoms}"
    )


def outcome_tables(results: Results) -> list[Table]:
    """What fits how the conditions were chosen: all severities, a search, or a test of claims."""
    summary = results.summary
    tables: list[Table] = []
    if summary.claims:
        tables.append(claims_table(results))
    if any(one.searched != "grid" for one in summary.breaking_severity.values()):
        tables.append(breaking_table(results))
    return tables or [severity_table(results)]


def breaking_table(results: Results) -> Table:
    """A row per kind: where half of the targets are lost, how sure that is, how it was searched."""
    table = Table(
        "condition", "half are lost at", "95 %", "never lost", "search",
        title=f"Breaking severities, suite {results.suite}", title_justify="left",
    )  # fmt: skip
    for kind, breaking in results.summary.breaking_severity.items():
        most = max((c.severity for c in results.conditions if c.kind == kind), default=1.0)
        searched: str = breaking.searched
        if breaking.seen_again:
            searched += f", {breaking.seen_again} seen again beyond"
        table.add_row(
            escape(kind),
            escape(_breaking(results, kind)),
            interval_text(*breaking.ci95, most),
            f"{breaking.censored} of {breaking.n}",
            searched,
        )
    return table


def claims_table(results: Results) -> Table:
    """A row per kind: the claim, what became of it, and on how many tracks or clips."""
    table = Table("condition", "claim", "", "lost", title="Claims", title_justify="left")
    for claim in results.summary.claims:
        colour = {"holds": "green", "fails": "red"}.get(claim.decision, "yellow")
        more = f" ({claim.more} more without a loss would settle it)" if claim.more else ""
        table.add_row(
            escape(claim.kind),
            escape(claim.claim),
            f"[{colour}]{claim.decision}[/]{more}",
            f"{claim.events} of {claim.n}",
        )
    return table


def error_sentence(results: Results) -> str:
    """The mean corruption error, un-normalised, and ImageNet-C's own where it has a meaning."""
    summary = results.summary
    if summary.mean_corruption_error is None:
        return "no mean corruption error: severities were searched, or no target took part"
    said = f"mean corruption error {summary.mean_corruption_error:.1%} (un-normalised)"
    return said if summary.mce is None else f"{said}; mCE {summary.mce:.1%} of AlexNet's"


def further_sentences(results: Results) -> list[str]:
    """What stands out beside the table: precision, the worst case, the weakest slice."""
    said = []
    found, worst = results.detection, results.summary.worst_case
    if found is not None:
        left = (
            ""
            if found.relative is None
            else f", {found.relative:.0%} of it left when perturbed (rPC)"
        )
        said.append(f"average precision {found.average_precision:.1%} clean{left}")
    if worst is not None and worst.n:
        said.append(f"{worst.survivors} of {worst.n} targets stand every condition")
    weak = weakest(results.slices)
    return [*said, escape(weak)] if weak else said


def severity_table(results: Results) -> Table:
    """A row per kind: accuracy at each severity, and where half of the targets are lost."""
    severities = sorted({c.severity for c in results.conditions})
    table = Table(title=f"Share of targets seen, suite {results.suite}", title_justify="left")
    table.add_column("condition")
    for severity in severities:
        table.add_column(f"{severity:g}", justify="right")
    table.add_column("half are lost at")
    by_kind: dict[str, dict[float, ConditionFigures]] = {}
    for condition in results.conditions:
        by_kind.setdefault(condition.kind, {})[condition.severity] = condition
    for kind, cells in by_kind.items():
        shares = [_share(cells.get(severity)) for severity in severities]
        table.add_row(escape(kind), *shares, escape(_breaking(results, kind)))
    return table


def print_left_out(console: Console, results: Results) -> None:
    """Pictures and labels that took no part, named."""
    for source, why in list(results.data.rejected.items())[:5]:
        reason = escape(why.removeprefix(f"{source}: "))
        console.print(f"[yellow]left out:[/] {escape(source)}: {reason}", soft_wrap=True)
    more = len(results.data.rejected) - 5
    if more > 0:
        console.print(f"[yellow]left out:[/] and {more} more; results.json names them all")
    if results.data.unmatched_labels:
        labels = ", ".join(f"{k} ({n})" for k, n in results.data.unmatched_labels.items())
        console.print(
            f"[yellow]no target:[/] labels that the model does not have: {escape(labels)}",
            soft_wrap=True,
        )


def _share(condition: ConditionFigures | None) -> str:
    if condition is None or not condition.n:
        return "-"
    colour = (
        "green" if condition.accuracy >= 0.9 else "red" if condition.accuracy < 0.5 else "yellow"
    )
    return f"[{colour}]{condition.accuracy:.0%}[/]"


def _breaking(results: Results, kind: str) -> str:
    breaking = results.summary.breaking_severity.get(kind)
    if breaking is None:
        return "-"
    if breaking.median is None:
        most = max(c.severity for c in results.conditions if c.kind == kind)
        return f"not up to {most:g} ({breaking.censored} of {breaking.n} never lost)"
    return f"{breaking.median:g} ({breaking.units})"
