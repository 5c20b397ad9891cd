"""What is closed to this user, and the command that opens it."""

from __future__ import annotations

import grp
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan
from agent.doctor.permissions import Permissions

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


def found(plan: Plan, host: Host) -> dict[str, Finding]:
    return {finding.name: finding for finding in Permissions().examine(plan, host, {})}


def test_without_nodes_and_state_there_is_nothing_to_check(host: Host) -> None:
    assert {finding.verdict for finding in found(Plan(), host).values()} == {"not checked"}


def test_open_nodes_and_a_state_folder_to_be_are_fine(host: Host, tmp_path: Path) -> None:
    (host.dev / "video0").touch()
    (host.dev / "dri").mkdir()
    (host.dev / "dri" / "renderD128").touch()
    findings = found(Plan(state=str(tmp_path / "a" / "b")), host)
    assert {finding.verdict for finding in findings.values()} == {"ok"}
    assert not (tmp_path / "a").exists(), "nothing is made"


def test_a_file_where_the_state_folder_should_be_is_a_failure(host: Host, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    finding = found(Plan(state=str(tmp_path / "state")), host)["state folder"]
    assert (finding.verdict, finding.code) == ("failure", 73)


def test_a_node_of_a_group_that_one_is_not_in_names_the_group(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    group = node.stat().st_gid
    outside = Permissions().lacking("video", [node], mine=[])
    assert f"group {grp.getgrgid(group).gr_name}" in outside.text
    assert outside.verdict == "warning"
    inside = Permissions().lacking("video", [node], mine=[group])
    assert f"chmod g+rw {node}" in inside.mend


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_told_what_opens_camera_and_state(host: Host, tmp_path: Path) -> None:
    (host.dev / "video0").touch(mode=0o660)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    code = (
        "import json, os; from pathlib import Path; from agent.doctor import Host, Plan;"
        "from agent.doctor.permissions import Permissions;"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY});"
        f"host = Host(dev=Path({str(host.dev)!r})); plan = Plan(state={str(state)!r});"
        "print(json.dumps([f.to_json() for f in Permissions().examine(plan, host, {})]))"
    )
    for folder in (host.dev, *host.dev.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    findings = {item["name"]: item for item in json.loads(done.stdout)}
    assert findings["video"]["verdict"] == "warning"
    assert "usermod -aG root nobody" in findings["video"]["mend"]
    assert findings["state folder"]["verdict"] == "failure"
    assert findings["state folder"]["mend"] == f"sudo install -d -o nobody {state}"
