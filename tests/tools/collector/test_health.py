"""A collector's heartbeat tells whoever asks whether it collects now."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import OutputError
from tools.broker import LocalBroker
from tools.collector import heartbeat
from tools.collector.health import WITHIN_S, main
from tools.collector.heartbeat import Heartbeat, age

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the monotonic clock that a heartbeat reads."""

    def set_to(now: float) -> None:
        monkeypatch.setattr(heartbeat.time, "monotonic", lambda: now)

    set_to(1000.0)
    return set_to


def test_a_collector_that_collects_is_healthy_and_a_killed_one_grows_old(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    beat = tmp_path / "beat"
    assert main([str(beat)]) == 1
    collect = [sys.executable, "-m", "tools.collector", "--broker", mosquitto.url]
    collect += ["--store", f"sqlite:///{tmp_path}/store.db", "--heartbeat", str(beat)]
    with subprocess.Popen(collect, cwd=ROOT, stderr=subprocess.DEVNULL) as collector:
        end = time.monotonic() + 30
        while main([str(beat)]) and time.monotonic() < end:
            time.sleep(0.05)
        assert main([str(beat)]) == 0
        collector.kill()
    assert main([str(beat), "--within", "0"]) == 1


def test_a_collector_without_a_broker_is_not_healthy(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    beat.write_text(f"{time.monotonic()}\n")  # of a collector before this one
    collect = [sys.executable, "-m", "tools.collector", "--broker", "mqtt://127.0.0.1:1"]
    collect += ["--store", f"sqlite:///{tmp_path}/store.db", "--heartbeat", str(beat)]
    with subprocess.Popen(
        collect, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as collector:
        assert collector.stderr is not None
        said = next(line for line in collector.stderr if line.startswith("WARNING"))
        assert "127.0.0.1:1" in said
        assert main([str(beat)]) == 1
        collector.terminate()


def test_beats_are_written_seldom_and_grow_old(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    file = tmp_path / "beat"
    beat = Heartbeat(file)
    assert age(file) is None
    beat()
    clock(1004.0)
    beat()
    assert age(file) == 4.0
    clock(1006.0)
    beat()
    assert age(file) == 0.0
    clock(1006.0 + WITHIN_S + 1)
    assert main([str(file)]) == 1


def test_a_beat_from_before_the_machine_started_counts_for_nothing(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    file = tmp_path / "beat"
    Heartbeat(file)()
    clock(10.0)
    assert age(file) is None
    assert main([str(file)]) == 1


def test_a_heartbeat_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="heartbeat"):
        Heartbeat(tmp_path / "missing" / "beat")
