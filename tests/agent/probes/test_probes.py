"""Probes read what there is and leave out what there is not."""

from __future__ import annotations

from pathlib import Path

from agent.probes import family
from agent.probes.process import Process
from agent.probes.thermal import Thermal


def test_every_probe_reads_without_failing_on_any_machine() -> None:
    for kind in family:
        assert all(isinstance(value, float | int) for value in kind().read().values())


def test_the_hottest_zone_counts_and_unreadable_ones_are_left_out(tmp_path: Path) -> None:
    for name, text in [
        ("thermal_zone0", "45123"),
        ("thermal_zone1", "61000"),
        ("thermal_zone2", "off"),
    ]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "temp").write_text(text + "\n")
    assert Thermal(tmp_path).read() == {"temperature_c": 61.0}
    assert Thermal(tmp_path / "none").read() == {}


def test_the_process_probe_measures_this_process(tmp_path: Path) -> None:
    probe = Process()
    total = sum(i * i for i in range(400_000))
    reading = probe.read()
    assert total > 0
    assert reading["resident_mb"] > 5
    assert 0.2 < reading["cpu_share"] < 3
    assert "resident_mb" not in Process(tmp_path / "none").read()
