"""Heat and throttling from faked sysfs, and from a faked tool of the Raspberry Pi."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan
from agent.doctor.temperature import Temperature, throttled


def found(host: Host, **profile: float) -> dict[str, Finding]:
    return {f.name: f for f in Temperature().examine(Plan(), host, {"profile": profile})}


def zone(host: Host, milli: int) -> None:
    folder = host.sys / "class" / "thermal" / "thermal_zone0"
    folder.mkdir(parents=True)
    (folder / "temp").write_text(f"{milli}\n")


def word(host: Host, text: str) -> None:
    folder = host.sys / "devices/platform/soc/soc:firmware"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "get_throttled").write_text(text)


def test_the_profiles_limit_is_what_counts(host: Host) -> None:
    zone(host, 71_500)
    assert found(host, pause_c=80)["temperature"].verdict == "ok"
    near = found(host, pause_c=75)["temperature"]
    assert near.verdict == "warning"
    assert "71.5 degrees C, the agent pauses at 75" in near.text


def test_without_zones_nothing_is_checked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert [f.verdict for f in found(host).values()] == ["not checked"]


@pytest.mark.parametrize(
    ("text", "verdict", "said"),
    [
        ("0\n", "ok", "none since the start"),
        ("50005\n", "warning", "its voltage is too low and it is throttled"),
        ("0x80000\n", "warning", "since the start: it is near its limit of heat"),
    ],
)
def test_the_bits_of_throttling_are_read(host: Host, text: str, verdict: str, said: str) -> None:
    word(host, text)
    finding = found(host)["throttling"]
    assert (finding.verdict, said in finding.text) == (verdict, True)


def test_the_tool_is_asked_where_sysfs_does_not_tell(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "vcgencmd"
    tool.write_text("#!/bin/sh\necho throttled=0x20002\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert throttled(host) == 0x20002
