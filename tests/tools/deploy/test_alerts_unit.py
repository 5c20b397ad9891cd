"""The systemd unit for alerts: systemd finds nothing wrong, and its command is one."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tools.cli import app

UNIT = Path(__file__).resolve().parents[3] / "tools" / "deploy" / "fieldproof-alerts.service"


def command() -> list[str]:
    text = UNIT.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart="))


def test_its_command_parses() -> None:
    program, *words = command()
    assert program.endswith("/fieldproof")
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("systemd-analyze is not installed: apt install systemd")
        pytest.skip("systemd-analyze is not installed on this machine")
    file = tmp_path / UNIT.name
    file.write_text(UNIT.read_text(encoding="utf-8").replace(command()[0], "/bin/true"))
    done = subprocess.run([program, "verify", str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
