"""What Prometheus is told of a fleet: the right figures, in a form that its own tool accepts."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.record import Batch, Envelope, GapRecord, HealthRecord, Record, Row, Stamp, TrialRecord
from tools.metrics import fleet
from tools.metrics.fleet import FleetText
from tools.stores import Contact, Retention, Store, open_store

HOUR_MS = 3_600_000


def put(store: Store, device: str, records: list[Record], made_ms: int, first: int = 0) -> None:
    stamp = Stamp("b", 1, made_ms, True)
    rows = tuple(Row.of(first + n, stamp, record) for n, record in enumerate(records, 1))
    said = {"site": "lab", "device": device, "epoch": "e", "after": first, "boot": "b"}
    envelope = Envelope(**said, monotonic_ms=1, wall_ms=made_ms, clock_synced=True)
    now_ms = int(time.time() * 1000)
    store.store_all([Batch(envelope, rows)], [Contact("lab", device, now_ms, 1500, True)])


def trials(n: int, flips: int, start: int = 0) -> list[Record]:
    return [
        TrialRecord(
            session="s",
            frame=0,
            clip=f"c{start + i}",
            target="t",
            condition='fog"\\\n',
            severity=0.5,
            clean_seen=True,
            perturbed_seen=i >= flips,
            flip=i < flips,
        )
        for i in range(n)
    ]


def figures(text: bytes) -> dict[tuple[str, ...], float]:
    """(name, label values ...) -> value; labels from Z to A: site before device."""
    return {
        (
            sample.name,
            *(sample.labels[n] for n in sorted(sample.labels, reverse=True)),
        ): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_store(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "FRESH_S", 0.0)
    now_ms = int(time.time() * 1000)
    with open_store(store_url) as store:
        text = FleetText(store)
        put(store, "pi-1", trials(10, 4), now_ms - 72 * HOUR_MS)
        put(store, "pi-1", trials(20, 5, 10), now_ms, first=10)
        put(store, "pi-2", [HealthRecord(session="s", readings={"temperature_c": 61.5})], now_ms)
        lost = GapRecord(epoch="e", first=1, last=3, rows=3, trials=1, why="full")
        put(store, "pi-2", [lost], now_ms, first=1)
        store.open_alert("r", "lab/pi-1", "critical", "said", {}, now_ms)
        found = figures(text())
        assert found["fieldproof_store_up",] == 1
        assert found["fieldproof_device_trials_total", "lab", "pi-1"] == 30
        assert found["fieldproof_device_flips_total", "lab", "pi-1"] == 9
        assert found["fieldproof_device_robust_accuracy_ratio", "lab", "pi-1"] == 0.75
        assert found["fieldproof_device_temperature_celsius", "lab", "pi-2"] == 61.5
        assert found["fieldproof_device_lost_rows_total", "lab", "pi-2"] == 3
        assert found["fieldproof_device_clock_skew_seconds", "lab", "pi-1"] == 1.5
        assert found["fieldproof_condition_trials_total", 'fog"\\\n'] == 30
        assert found["fieldproof_devices", "unknown"] == 2
        assert found["fieldproof_alerts", "open", "critical"] == 1
        seen = found["fieldproof_device_last_seen_timestamp_seconds", "lab", "pi-1"]
        assert seen == pytest.approx(time.time(), abs=60)
        put(store, "pi-1", trials(5, 0, 30), now_ms - 70 * HOUR_MS, first=30)
        put(store, "pi-1", trials(5, 0, 35), now_ms, first=35)
        assert figures(text())["fieldproof_device_trials_total", "lab", "pi-1"] >= 35
        assert figures(FleetText(store)())["fieldproof_device_trials_total", "lab", "pi-1"] == 40


def test_counters_do_not_shrink_when_old_sums_are_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "FRESH_S", 0.0)
    now = time.time()
    with open_store(str(tmp_path / "s.db")) as store:
        clock = [now]
        text = FleetText(store, lambda: clock[0])
        put(store, "pi-1", trials(10, 4), int(now * 1000) - 72 * HOUR_MS)
        assert figures(text())["fieldproof_device_trials_total", "lab", "pi-1"] == 10
        store.prune(Retention(rollups_days=1))
        clock[0] += 3600
        assert figures(text())["fieldproof_device_trials_total", "lab", "pi-1"] == 10


def test_labels_are_bounded_and_what_is_left_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "MOST_DEVICES", 3)
    with open_store(str(tmp_path / "s.db")) as store:
        for number in range(5):
            put(store, f"pi-{number}", trials(1, 0), int(time.time() * 1000))
        found = figures(FleetText(store)())
    assert sum(key[0] == "fieldproof_device_trials_total" for key in found) == 3
    assert sum(key[0] == "fieldproof_device_up" for key in found) == 3
    assert found["fieldproof_series_left_out", "devices"] == 2
    assert found["fieldproof_devices", "unknown"] == 5


def test_a_store_that_is_away_is_told(own_postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "FRESH_S", 0.0)
    with open_store(own_postgres.url("fieldproof")) as store:
        text = FleetText(store)
        assert figures(text())["fieldproof_store_up",] == 1
        own_postgres.stop()
        assert figures(text()) == {("fieldproof_store_up",): 0}


def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not installed: apt install prometheus")
        pytest.skip("promtool is not installed on this machine")
    return found


def test_prometheus_own_tool_finds_nothing_wrong(tmp_path: Path) -> None:
    tool = promtool()
    with open_store(str(tmp_path / "s.db")) as store:
        put(store, "pi-1", trials(3, 1), int(time.time() * 1000))
        text = FleetText(store)()
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
