"""The service's state, from a faked systemctl."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import Host, Plan
from agent.doctor.service import Service, runs


def test_where_systemd_does_not_run_nothing_is_checked(host: Host) -> None:
    assert [f.verdict for f in Service().examine(Plan(), host, {})] == ["not checked"]


def test_systemctl_is_asked_where_systemd_runs(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host.run / "systemd" / "system").mkdir(parents=True)
    tool = tmp_path / "systemctl"
    tool.write_text("#!/bin/sh\nprintf 'LoadState=loaded\\nActiveState=active\\n'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (finding,) = Service().examine(Plan(), host, {})
    assert (finding.verdict, finding.facts["runs"]) == ("ok", True)


@pytest.mark.parametrize(
    ("load", "active", "verdict"),
    [
        ("not-found", "inactive", "not checked"),
        ("loaded", "inactive", "warning"),
        ("loaded", "failed", "failure"),
        ("loaded", "activating", "ok"),
    ],
)
def test_states_of_the_unit(load: str, active: str, verdict: str) -> None:
    assert Service().judge(load, active).verdict == verdict


def test_who_runs_is_told_from_outbox_and_service() -> None:
    assert runs({}) == ""
    assert runs({"outbox": {"process": None}}) == ""
    assert runs({"outbox": {"process": 17}}) == "process 17"
    assert runs({"service": {"runs": True}}) == "fieldproof.service"
