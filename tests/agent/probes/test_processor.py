"""Clocks and their limits as the kernel tells them."""

from __future__ import annotations

from pathlib import Path

from agent.probes.processor import Processor


def test_the_fastest_core_counts(tmp_path: Path) -> None:
    for policy, clocks in [("policy0", (600, 1400, 1400)), ("policy4", (900, 1200, 2400))]:
        folder = tmp_path / "cpufreq" / policy
        folder.mkdir(parents=True)
        names = ("scaling_cur_freq", "scaling_max_freq", "cpuinfo_max_freq")
        for name, megahertz in zip(names, clocks, strict=True):
            (folder / name).write_text(f"{megahertz}000\n")
    told = Processor(tmp_path).read()
    assert (told["cpu_mhz"], told["cpu_limit"]) == (900.0, round(1400 / 2400, 4))
    assert told["load_1min"] >= 0


def test_without_clocks_the_load_is_left(tmp_path: Path) -> None:
    assert set(Processor(tmp_path).read()) == {"load_1min"}
