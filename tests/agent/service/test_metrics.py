"""The agent's figures for Prometheus."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from types import SimpleNamespace

import pytest

from agent.errors import MissingExtra, UsageError
from agent.recorder import Totals
from agent.service._metrics import serving


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_totals_and_readings_are_told_in_base_units_and_before_there_are_any() -> None:
    agent = SimpleNamespace()
    with serving("127.0.0.1:0", agent) as port:
        assert scraped(port) == ""
        readings = {
            "temperature_c": 61.5,
            "predict_p95_ms": 250.0,
            "frames_per_s": 7.5,
            "paused_heat_s": 2.0,
            "outbox_rows": 9.0,
        }
        totals = Totals(frames=3, trials=12, flips=4)
        agent.recorder = SimpleNamespace(totals=totals, readings=readings)
        text = scraped(port)
    for line in (
        "fieldproof_agent_trials_total 12.0",
        "fieldproof_agent_temperature_celsius 61.5",
        "fieldproof_agent_predict_p95_seconds 0.25",
        "fieldproof_agent_frames_per_second 7.5",
        "fieldproof_agent_paused_heat_seconds 2.0",
        "fieldproof_agent_outbox_rows 9.0",
    ):
        assert line in text.splitlines()
    tool = shutil.which("promtool")
    if tool is None:
        assert os.environ.get("CI") != "true", "promtool is not installed: apt install prometheus"
        return
    done = subprocess.run([tool, "check", "metrics"], input=text, text=True, capture_output=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("address", ["9465", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with (
        pytest.raises(UsageError, match="no address"),
        serving(address, SimpleNamespace()),
    ):
        pass


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError, match="Nothing"), serving(address, SimpleNamespace()):
            pass


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with (
        pytest.raises(MissingExtra, match="prometheus-client"),
        serving("127.0.0.1:0", SimpleNamespace()),
    ):
        pass
