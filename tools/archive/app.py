"""``fieldproof store``: export a store's tables, prune it, make its rollups anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.options import JsonOption, console, print_json

store_app = typer.Typer(no_args_is_help=True, help="What a store holds: export it, prune it.")

StoreOption = Annotated[
    str, typer.Option("--store", help="sqlite:///path or postgresql://user@host/database")
]
DaysOption = Annotated[float | None, typer.Option(min=0, help="Keep so many days; default: all.")]


@store_app.command(
    "export",
    epilog="Example: fieldproof store export --store sqlite:///fieldproof.db --table trials "
    "--since 7d --out trials.parquet",
)
def export(
    store: StoreOption,
    table: Annotated[
        str, typer.Option("--table", help="trials, sums, health, gaps, sessions or evidence")
    ],
    out: Annotated[Path, typer.Option("--out", help="A file that ends with .parquet or .csv.")],
    since: Annotated[
        str, typer.Option("--since", help="2026-11-27, 2026-11-27T14:00, or 36h, 7d: so long ago.")
    ] = "",
    until: Annotated[str, typer.Option("--until", help="The end, likewise, not included.")] = "",
    site: Annotated[str, typer.Option("--site", help="Only this site.")] = "",
    device: Annotated[str, typer.Option("--device", help="Only this device of the site.")] = "",
) -> None:
    """Write a table to a file. Times are UTC, and count in whole hours.

    In CSV, text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    from tools.archive.command import export_table

    export_table(console, store, table, out, since=since, until=until, site=site, device=device)


@store_app.command(
    "prune",
    epilog="Example: fieldproof store prune --store sqlite:///fieldproof.db --trials-days 90",
)
def prune(
    store: StoreOption,
    trials_days: DaysOption = None,
    evidence_days: DaysOption = None,
    health_days: DaysOption = None,
    rollups_days: DaysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take out what is older; sessions, gaps and what was counted of devices stay.

    Of trials in PostgreSQL, whole weeks go. A collector may run meanwhile: call it by a timer.
    """
    from tools.archive.command import prune_store
    from tools.stores import Retention

    kept = Retention(trials_days, evidence_days, health_days, rollups_days)
    gone = prune_store(store, kept)
    if as_json:
        print_json(gone)
    else:
        said = ", ".join(f"{rows} of {table}" for table, rows in gone.items() if rows)
        console.print(f"rows pruned: {said or 'none'}")


@store_app.command(
    "rebuild", epilog="Example: fieldproof store rebuild --store sqlite:///fieldproof.db"
)
def rebuild(store: StoreOption) -> None:
    """Make the hourly sums anew from the rows; collectors wait meanwhile.

    Hours of which rows were pruned keep the sums that they have.
    """
    from tools.stores import open_store

    with open_store(store, create=False) as opened:
        opened.rebuild()
    console.print("the hourly sums are made anew")
