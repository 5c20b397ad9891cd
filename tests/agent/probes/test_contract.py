"""What every probe keeps to; a new file in the folder is tested by being there."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes import Probe, family
from agent.probes._sysfs import VARIABLE, number_in, sysfs

every_kind = pytest.mark.parametrize("member", list(family), ids=family.kinds())


@every_kind
def test_it_reads_numbers_again_and_again_on_any_machine(member: type[Probe]) -> None:
    probe = member()
    for _ in range(3):
        assert all(isinstance(value, float | int) for value in probe.read().values())
    assert member.period_s > 0


@every_kind
def test_on_a_machine_without_sysfs_it_fails_at_nothing(
    member: type[Probe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert {"temperature_c", "throttled", "cpu_mhz"}.isdisjoint(member().read())


def test_another_folder_may_stand_for_sysfs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert sysfs() == tmp_path
    monkeypatch.setenv(VARIABLE, "")
    assert sysfs() == Path("/sys")


@pytest.mark.parametrize(("text", "number"), [("41000\n", 41000), ("off", None), ("", None)])
def test_what_is_no_number_is_none(tmp_path: Path, text: str, number: int | None) -> None:
    file = tmp_path / "temp"
    file.write_text(text)
    assert number_in(file) == number
    assert number_in(tmp_path / "none") is None
