"""An agent of its own process on a device that gets hot, and whose clock jumps back."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agent.probes._sysfs import VARIABLE
from agent.probes.throttling import PI
from agent.record import HealthRecord, SessionEndRecord, TrialRecord, unpack
from agent.telemetry.outbox import Outbox

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
PROFILE = """
schema = "fieldproof.profile/1"
name = "small"
summary = "A device that gets hot"
machine = "x86_64"
[thermal]
pause_c = 80
resume_c = 70
[budgets]
cpu_share = 0.9
memory_mb = 2000
[telemetry]
health_s = 0.5
"""
SUITE = """
schema = "fieldproof.suite/1"
severities = [0.5]
conditions = [{kind = "fog"}, {kind = "compression"}]
"""
START = """
import os, sys, threading, time
from agent.__main__ import main
if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    # libfaketime 0.9.10 fails clock_nanosleep(), by which Python sleeps, with EINVAL.
    time.sleep = lambda seconds: threading.Event().wait(seconds)
sys.exit(main())
"""
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")

pytestmark = pytest.mark.timeout(120)


class Device:
    """A folder that stands for a device, and the agent that runs on it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.celsius(50)
        (folder / "profile.toml").write_text(PROFILE)
        (folder / "suite.toml").write_text(SUITE)
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-c", START, "run", "--model", CARD,
                    "--camera", "drive_by:width=160,height=120,passes=10000",
                    "--profile", folder / "profile.toml", "--suite", folder / "suite.toml",
                    "--broker", "mqtt://127.0.0.1:1", "--state", folder, "--drain", "0",
                ],
                cwd=ROOT,
                stderr=log,
                env={**os.environ, VARIABLE: str(folder / "sys"), **variables},
            )  # fmt: skip

    def celsius(self, value: int) -> None:
        zone = self.folder / "sys/class/thermal/thermal_zone0"
        zone.mkdir(parents=True, exist_ok=True)
        new = zone / "new"
        new.write_text(f"{value}000\n")
        new.rename(zone / "temp")

    def throttle(self, bits: str) -> None:
        """What a Raspberry Pi's firmware says."""
        file = self.folder / "sys" / PI
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(bits)

    def says(self, words: str) -> None:
        """Wait until the log has the words."""
        wait(lambda: words in self.log, f"{words!r}: {self.log}")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> list[object]:
        """End it in good order; its records."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.log
        with Outbox(self.folder / "outbox") as outbox:
            return [unpack(row) for row in outbox.pending(100_000)]


def wait(what: Callable[[], object], why: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"it did not happen in time: {why}"
        time.sleep(0.05)


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Device]:
    device = Device(folder, **variables)
    try:
        yield device
    finally:
        if device.process.poll() is None:
            device.process.kill()
            device.process.wait()


def count(device: Device, kind: str) -> int:
    """How many rows of a kind are in the outbox."""
    file = device.folder / "outbox" / "outbox.db"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as db:
        try:
            (rows,) = db.execute("SELECT count(*) FROM rows WHERE kind = ?", [kind]).fetchone()
        except sqlite3.OperationalError:  # it is being made
            return 0
        return int(rows)


def more(device: Device, kind: str) -> None:
    """Wait for rows of a kind."""
    before = count(device, kind)
    wait(lambda: count(device, kind) > before, f"more of {kind}: {device.log}")


def test_an_agent_pauses_when_it_is_too_hot_and_goes_on_when_it_is_cooler(tmp_path: Path) -> None:
    with running(tmp_path) as device:
        more(device, "trial")
        more(device, "health")
        nice = os.getpriority(os.PRIO_PROCESS, device.process.pid)
        assert nice >= max(10, os.getpriority(os.PRIO_PROCESS, 0))
        device.celsius(85)
        device.says("Paused: it is 85.0 C, the limit is 80.0 C; goes on below 70.0 C.")
        device.celsius(75)
        for _ in range(3):
            more(device, "health")
        device.celsius(60)
        device.says("Goes on after a pause for heat")
        more(device, "trial")
        device.throttle("50004")
        for kind in ("health", "health", "trial", "trial", "health", "health"):
            more(device, kind)
        records = device.stop()
    told = [
        (record.readings["temperature_c"], record.readings["paused"])
        for record in records
        if isinstance(record, HealthRecord)
    ]
    assert {(50.0, 0.0), (75.0, 1.0), (60.0, 0.0)} <= set(told)
    assert (75.0, 0.0) not in told, "between the limits it stays paused"
    kinds = [type(record) for record in records]
    paused = [
        n for n, r in enumerate(records) if isinstance(r, HealthRecord) and r.readings["paused"]
    ]
    assert TrialRecord not in kinds[paused[0] : paused[-1]]
    assert TrialRecord in kinds[: paused[0]]
    assert TrialRecord in kinds[paused[-1] :]
    slowed = [r.readings for r in records if isinstance(r, HealthRecord)][-1]
    assert (slowed["throttled"], slowed["throttled_since_boot"]) == (1.0, 1.0)
    assert slowed["cpu_allowed"] == pytest.approx(0.9 / 4), "it makes way"
    assert any(
        record.readings.get("predictions_throttled", 0) > 0
        for record in records
        if isinstance(record, HealthRecord)
    )
    end = records[-1]
    assert isinstance(end, SessionEndRecord)
    assert end.why == "stopped"


def test_a_stop_ends_a_pause(tmp_path: Path) -> None:
    with running(tmp_path) as device:
        device.celsius(99)
        device.says("Paused: it is 99.0 C")
        wait(lambda: count(device, "session"), f"a session: {device.log}")
        began = time.monotonic()
        assert isinstance(device.stop()[-1], SessionEndRecord)
        assert time.monotonic() - began < 20


def test_a_clock_set_back_by_a_year_disturbs_no_pace(tmp_path: Path) -> None:
    if not FAKETIME.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("libfaketime is not installed: apt install libfaketime")
        pytest.skip("libfaketime is not installed on this machine")
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with running(tmp_path, **faked) as device:
        more(device, "trial")
        clock.write_text("-365d")
        for _ in range(2):
            more(device, "trial")
        device.celsius(85)
        device.says("Paused: it is 85.0 C")
        device.celsius(60)
        device.says("Goes on after a pause for heat")
        records = device.stop()
    shares = [r.readings["cpu_share"] for r in records if isinstance(r, HealthRecord)]
    assert all(0 <= share <= 1 for share in shares)
    rates = [r.readings["frames_per_s"] for r in records if isinstance(r, HealthRecord)]
    assert max(rates) > 0
    assert min(rates) >= 0
