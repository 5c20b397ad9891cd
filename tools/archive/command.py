"""What ``fieldproof store`` does."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from agent.errors import UsageError
from tools.archive.files import write_rows
from tools.archive.tables import TABLES
from tools.stores import Retention, Scope, open_store

_AGES: Final = {"h": 3_600_000, "d": 86_400_000}


def export_table(
    console: Console,
    place: str,
    table: str,
    out: Path,
    *,
    since: str = "",
    until: str = "",
    site: str = "",
    device: str = "",
) -> int:
    """Write a table to a file; how many rows.

    Raises ``UsageError`` for a table, a time or a file's ending that there is not.
    """
    if table not in TABLES:
        raise UsageError(f"There is no table {table!r}.", remedy=f"Known: {', '.join(TABLES)}.")
    if device and not site:
        raise UsageError("A device is known by its site.", remedy="Give --site too.")
    scope = Scope(site, device, since_ms=moment(since), until_ms=moment(until))
    columns = TextColumn("{task.description}"), SpinnerColumn(), TextColumn("{task.fields[rows]}")
    with (
        open_store(place, create=False) as store,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar,
    ):
        task = bar.add_task(f"Writing {table}", rows="")
        done = 0
        for done in write_rows(out, TABLES[table].columns, TABLES[table].rows(store, scope)):
            bar.update(task, rows=f"{done:,} rows")
    console.print(f"wrote {done:,} rows of {table} to {escape(str(out))}", soft_wrap=True)
    return done


def prune_store(place: str, kept: Retention) -> dict[str, int]:
    """Prune a store; how many rows went, by table. Raises ``UsageError`` for no limit at all."""
    if kept == Retention():
        raise UsageError(
            "Nothing is to be pruned.",
            remedy="Give --trials-days, --evidence-days, --health-days or --rollups-days.",
        )
    with open_store(place, create=False) as store:
        return store.prune(kept)


def moment(text: str) -> int | None:
    """A time in ms since 1970: ISO 8601, UTC where it says nothing else, or an age in h or d.

    None for no text. Raises ``UsageError`` for another.
    """
    if not text:
        return None
    age = re.fullmatch(r"(\d{1,6})([hd])", text)
    if age:
        return int(time.time() * 1000) - int(age[1]) * _AGES[age[2]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no time.", remedy="Give it as 2026-11-27, 2026-11-27T14:00, 36h or 7d."
        ) from None
    return int((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp() * 1000)
