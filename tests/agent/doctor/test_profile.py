"""A profile is judged by the machine and the Python that it is for."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from agent.doctor import Host, Plan
from agent.doctor.profile import Profile
from agent.errors import ConfigError
from agent.profile import load_profile

PI = load_profile("raspberry-pi-4b")


def test_the_device_tree_tells_which_profile_fits(host: Host) -> None:
    tree = host.proc / "device-tree"
    tree.mkdir()
    (tree / "compatible").write_bytes(b"raspberrypi,4-model-b\0brcm,bcm2711\0")
    _, found, *_ = Profile().examine(Plan(), host, {})
    assert "raspberry-pi-4b" in found.text
    assert found.facts["pause_c"] == PI.thermal.pause_c
    assert found.verdict == ("ok" if platform.machine() == "aarch64" else "warning")


def test_a_profile_for_another_machine_or_python_is_warned_of() -> None:
    first, last = PI.python_range()
    assert Profile().judge(PI, "given", last, "aarch64").verdict == "ok"
    other = Profile().judge(PI, "given", last, "x86_64")
    assert (other.verdict, "is for aarch64" in other.text) == ("warning", True)
    old = Profile().judge(PI, "given", (first[0], first[1] - 1), "aarch64")
    assert (old.verdict, "is for Python" in old.text) == ("warning", True)


def test_a_delegate_whose_library_is_absent_says_what_to_do() -> None:
    runtime = PI.runtime.model_copy(
        update={
            "delegate": "edgetpu",
            "delegate_library": "libnosuchtpu.so.1",
            "remedy": "apt install libedgetpu1-std",
        }
    )
    coral = PI.model_copy(update={"runtime": runtime})
    (finding,) = Profile()._delegate(coral)
    assert (finding.verdict, finding.mend) == ("warning", "apt install libedgetpu1-std")
    assert not list(Profile()._delegate(PI))


def test_an_unknown_profile_is_an_error_of_the_set_up(host: Host) -> None:
    with pytest.raises(ConfigError) as caught:
        list(Profile().examine(Plan(profile="toaster"), host, {}))
    assert caught.value.exit_code == 78


def test_a_file_of_settings_fills_in_what_no_option_gives(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('[run]\nmodel = "m.toml"\ncamera = "drive_by"\n[budgets]\nlatency_ms = 61\n')
    monkeypatch.setenv("FIELDPROOF_DEVICE", "pi-7")
    settings, profile, *_ = Profile().examine(Plan(config=str(file), camera="0"), host, {})
    assert settings.facts["plan"] == {
        "model": str(tmp_path / "m.toml"),
        "camera": "0",
        "device": "pi-7",
    }, "the state folder's default is nobody's word"
    assert "camera from options; device from $FIELDPROOF_DEVICE" in settings.text
    assert profile.facts["latency_ms"] == 61
    monkeypatch.setenv("FIELDPROOF_DEVICES", "x")
    with pytest.raises(ConfigError, match="FIELDPROOF_DEVICES"):
        list(Profile().examine(Plan(), host, {}))
