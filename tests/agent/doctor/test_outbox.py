"""The outbox is read and never touched, least of all while an agent has it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan
from agent.doctor._holder import holder
from agent.doctor.outbox import Outbox as Check
from agent.record import HealthRecord
from agent.telemetry.outbox import Outbox


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with an outbox of three rows."""
    with Outbox(tmp_path / "state" / "outbox") as outbox:
        for _ in range(3):
            outbox.put(HealthRecord(session="s", readings={}))
    return tmp_path / "state"


def found(state: Path, host: Host) -> dict[str, Finding]:
    return {f.name: f for f in Check().examine(Plan(state=str(state)), host, {})}


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_rows_that_wait_are_counted_and_no_file_changes(state: Path, host: Host) -> None:
    before = listing(state / "outbox")
    finding = found(state, host)["outbox"]
    assert finding.verdict == "ok"
    assert finding.facts["rows"] == 3
    assert listing(state / "outbox") == before


def test_an_agents_outbox_is_left_alone_and_the_agent_named(state: Path, host: Host) -> None:
    with Outbox(state / "outbox") as outbox:
        finding = found(state, host)["outbox"]
        assert finding.verdict == "ok"
        assert f"process {os.getpid()}" in finding.text
        outbox.put(HealthRecord(session="s", readings={}))
        assert outbox.flush(10)
    assert holder(state / "outbox") is None


def test_asking_does_not_keep_an_agent_from_its_outbox(state: Path) -> None:
    assert holder(state / "outbox") is None
    with Outbox(state / "outbox"):
        pass


def test_rows_set_aside_and_damaged_files_are_warned_of(state: Path, host: Host) -> None:
    with Outbox(state / "outbox") as outbox:
        assert outbox.quarantine([1], "nobody takes it")
    (state / "outbox" / "outbox.db.corrupt-1").touch()
    findings = found(state, host)
    assert findings["outbox"].verdict == "warning"
    assert "1 rows were set aside" in findings["outbox"].text
    assert findings["damaged outbox"].verdict == "warning"


def test_a_file_that_is_no_database_is_warned_of(state: Path, host: Host) -> None:
    (state / "outbox" / "outbox.db").write_bytes(b"garbage" * 4096)
    finding = found(state, host)["outbox"]
    assert finding.verdict == "warning"
    assert "cannot be read" in finding.text


def test_a_log_that_a_killed_agent_left_is_read_too(state: Path, host: Host) -> None:
    with closing(sqlite3.connect(state / "outbox" / "outbox.db")) as db:
        db.execute("DELETE FROM rows WHERE seq = 1")
        db.commit()
        assert found(state, host)["outbox"].facts["rows"] == 2


def test_no_outbox_yet_is_fine(tmp_path: Path, host: Host) -> None:
    assert found(tmp_path, host)["outbox"].verdict == "ok"
    assert not (tmp_path / "outbox").exists()
