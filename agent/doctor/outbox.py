"""The outbox: who uses it, what waits in it, and what was set aside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from agent.doctor import STATE, Check, Finding, Host, Plan
from agent.doctor._holder import holder


class Outbox(Check):
    """Reads only. Where an agent runs, its file is left alone."""

    place: ClassVar[int] = 70
    code: ClassVar[int] = STATE

    def absent(self, plan: Plan) -> str:
        return "" if plan.state else "--state /var/lib/fieldproof, the folder that the agent has"

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        folder = Path(plan.state) / "outbox"
        yield from self._asides(folder)
        process = holder(folder)
        if process is not None:
            known = f"process {process}" if process else "another process"
            yield self.ok("outbox", f"in use by the agent ({known}), left alone", process=process)
        elif not (folder / "outbox.db").exists():
            yield self.ok("outbox", "there is none yet; the agent will make one")
        else:
            yield self._contents(folder / "outbox.db")

    def _asides(self, folder: Path) -> Iterator[Finding]:
        asides = [path for path in folder.glob("outbox.db.corrupt-*") if path.name[-1].isdigit()]
        if asides:
            text = f"{len(asides)} damaged files were set aside; the agent has declared their rows"
            mend = f"Look at the disk's health, then: rm {folder}/outbox.db.corrupt-*"
            yield self.warning("damaged outbox", text, mend)

    def _contents(self, file: Path) -> Finding:
        try:
            rows, quarantined, oldest = contents(file)
        except sqlite3.DatabaseError as error:
            text = f"{file} cannot be read: {error}"
            mend = "The agent sets it aside when it starts, and says what is lost."
            return self.warning("outbox", text, mend)
        said = f"{rows} rows wait"
        if rows and oldest is not None:
            said += f", the oldest of {oldest} UTC"
        if quarantined:
            said += f"; {quarantined} rows were set aside because nobody takes them"
            mend = f"See why: sqlite3 {file} 'SELECT kind, why FROM quarantine'"
            return self.warning("outbox", said, mend, rows=rows, quarantined=quarantined)
        return self.ok("outbox", said, rows=rows, quarantined=quarantined)


def contents(file: Path) -> tuple[int, int, str | None]:
    """Rows that wait, rows in quarantine, and when the oldest was made by its own clock.

    Raises ``sqlite3.DatabaseError`` for a file that is no outbox.
    """
    # Without a log beside it the file is whole by itself, and is read without making one.
    still = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    db = sqlite3.connect(f"file:{file.absolute()}?mode=ro{still}", uri=True, timeout=1)
    try:
        (rows, oldest) = db.execute(
            "SELECT count(*), datetime(min(wall_ms) / 1000, 'unixepoch') FROM rows"
        ).fetchone()
        (quarantined,) = db.execute("SELECT count(*) FROM quarantine").fetchone()
        return rows, quarantined, oldest
    finally:
        db.close()
