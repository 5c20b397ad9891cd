"""Throttling as a Raspberry Pi's firmware, a core's counter, and a lowered limit tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes import throttling
from agent.probes.throttling import PI, Throttling, said_by


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


@pytest.mark.parametrize(
    ("bits", "now", "weak", "before"),
    [("0", 0, 0, 0), ("1", 1, 1, 0), ("8", 1, 0, 0), ("50000", 0, 0, 1), ("50005", 1, 1, 1)],
)
def test_a_pis_firmware_tells_now_and_since_boot(
    tmp_path: Path, bits: str, now: int, weak: int, before: int
) -> None:
    write(tmp_path / PI, bits)
    assert Throttling(tmp_path).read() == {
        "throttled": now,
        "under_voltage": weak,
        "throttled_since_boot": before,
    }


def command(folder: Path, script: str) -> str:
    file = folder / "vcgencmd"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_without_the_file_the_pis_command_is_asked_and_not_at_every_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(tmp_path, f"echo asked >> {tmp_path}/log; echo throttled=0x50000")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    probe = Throttling(tmp_path)
    assert probe.read() == probe.read()
    assert probe.read()["throttled_since_boot"] == 1
    assert (tmp_path / "log").read_text() == "asked\n"


@pytest.mark.parametrize("script", ["exec sleep 60", "exit 1", "echo error=2", "kill -9 $$"])
def test_a_command_that_hangs_or_fails_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(throttling, "COMMAND_S", 0.1)
    assert said_by(command(tmp_path, script)) is None
    assert said_by(str(tmp_path / "none")) is None


def test_elsewhere_a_counter_that_grows_tells(tmp_path: Path) -> None:
    counter = tmp_path / "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"
    write(counter, "7")
    probe = Throttling(tmp_path)
    assert probe.read() == {"throttled": 0}, "what was before the agent is no news"
    write(counter, "9")
    assert probe.read() == {"throttled": 1}
    assert probe.read() == {"throttled": 0}


def test_a_limit_below_the_highest_one_seen_tells_and_one_that_always_stood_does_not(
    tmp_path: Path,
) -> None:
    little, big = (
        tmp_path / f"devices/system/cpu/cpufreq/policy{n}/scaling_max_freq" for n in (0, 4)
    )
    write(little, "1500000")
    write(big, "1800000")
    probe = Throttling(tmp_path)
    assert probe.read() == {"throttled": 0}
    write(big, "1200000")
    assert probe.read() == {"throttled": 1}
    write(big, "2400000")
    assert probe.read() == {"throttled": 0}
    write(big, "1800000")
    assert probe.read() == {"throttled": 1}
