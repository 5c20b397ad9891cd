"""``fieldproof alerts``: what it says, and that it runs and stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.errors import ConfigError
from tools.cli import app

RULES = """
schema = "fieldproof.alerts/1"
[[rules]]
name = "hot"
why = "silicon"
metric = "temperature_c"
above = 80
[[rules]]
name = "falls"
metric = "flip_rate"
limit = 0.05
"""


@pytest.fixture
def rules(tmp_path: Path) -> str:
    (tmp_path / "rules.toml").write_text(RULES)
    return str(tmp_path / "rules.toml")


def fieldproof(*words: str) -> Any:
    return CliRunner().invoke(app, ["alerts", *words])


def test_run_raises_alerts_and_stops_in_good_order(station: Any, rules: str) -> None:
    station.health(temperature_c=90)
    place = ["--store", station.url, "--rules", rules]
    command = [sys.executable, "-m", "tools.cli", "alerts", "run", *place, "--every", "1s"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while not station.alerts() and time.monotonic() < end:
            time.sleep(0.05)
        assert [alert["rule"] for alert in station.alerts()] == ["hot"]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "hot: lab/pi-1" in said
    assert said.rstrip().endswith("stopped")


def test_check_says_what_is_watched_and_refuses_what_cannot_be(rules: str, tmp_path: Path) -> None:
    done = fieldproof("check", "--rules", rules, "--json")
    told = json.loads(done.stdout)["rules"]
    assert [rule["name"] for rule in told] == ["hot", "falls"]
    assert "temperature_c is above 80" in told[0]["watches"]
    Path(rules).write_text(RULES + 'sinks = ["nobody"]\n')
    done = fieldproof("check", "--rules", rules)
    assert isinstance(done.exception, ConfigError)
    assert "rule 'falls', key sinks" in done.exception.message


def test_list_and_replay_print_what_there_is_and_what_there_would_have_been(
    station: Any, rules: str
) -> None:
    station.scenes(100, 5)
    station.now_ms += 2 * 3_600_000
    station.scenes(100, 40)
    place = ["--store", station.url]
    assert "No alerts" in fieldproof("list", *place).stdout
    done = fieldproof("replay", *place, "--rules", rules, "--json")
    told = json.loads(done.stdout)
    assert told["not_replayed"] == ["hot"]
    (alert,) = told["alerts"]
    assert (alert["rule"], alert["subject"]) == ("falls", "lab/pi-1")
    assert alert["opened_ms"] // 3_600_000 == station.now_ms // 3_600_000
    assert station.alerts() == [], "a replay changes nothing"
    number = station.store.open_alert("hot", "lab/pi-1", "warning", "hot\x1b[2J", {}, 1)
    assert "\x1b[2J" not in fieldproof("list", *place, "--state", "open").stdout
    assert json.loads(fieldproof("list", *place, "--json").stdout)["alerts"][0]["id"] == number
