"""``fieldproof profiles``: lists, shows, validates and detects, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.errors import ConfigError
from agent.profile import fit, load_profile, shipped
from tools.cli import app
from tools.device import profiles
from tools.device.profiles import usual_workers

MINE = 'schema = "fieldproof.profile/1"\nname = "mine"\nsummary = "x"\nmachine = "aarch64"\n'


def said(*words: str) -> str:
    done = CliRunner().invoke(app, ["profiles", *words], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def told(*words: str) -> Any:
    return json.loads(said(*words, "--json"))


def test_all_profiles_are_listed_and_the_fitting_one_is_marked() -> None:
    text = said()
    assert all(name in text for name in shipped())
    assert (
        next(line for line in text.splitlines() if "fits this machine" in line).find(fit().name) > 0
    )
    assert told() == {"profiles": list(shipped()), "fits_here": fit().name}


@pytest.mark.parametrize("words", [["show", "coral-dev-board"], ["coral-dev-board"]])
def test_one_profile_is_shown_with_its_sources(words: list[str]) -> None:
    text = said(*words)
    assert "libedgetpu.so.1" in text
    assert "thermal.source" in text
    assert told(*words)["thermal"]["pause_c"] == load_profile("coral-dev-board").thermal.pause_c


def test_a_profile_that_is_not_there_is_refused_with_the_list() -> None:
    done = CliRunner().invoke(app, ["profiles", "show", "pi9"])
    assert isinstance(done.exception, ConfigError)
    assert "raspberry-pi-5" in done.exception.remedy


def test_the_fitting_profile_is_told_with_the_reason() -> None:
    assert said("detect").strip() == f"{fit().name}: {fit().why}"
    assert told("detect") == {"profile": fit().name, "why": fit().why}


def test_a_valid_file_is_told_with_what_it_leaves_open(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE + '[thermal]\npause_c = 70\nresume_c = 60\n[budgets]\nsource = "x"\n')
    text = said("validate", str(file))
    assert "is a profile of mine (aarch64)" in text
    assert "[sensor] is missing" in text
    assert "[thermal] does not say where" in text
    assert "[budgets]" not in text
    assert f"--profile {file}" in text
    answer = told("validate", str(file))
    assert answer["valid"] is True
    assert len(answer["remarks"]) == 2


def test_shipped_profiles_leave_nothing_open_but_their_name() -> None:
    for name in shipped():
        assert len(profiles.remarks(load_profile(name))) == 1


def test_a_file_that_cannot_be_used_is_refused_by_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE + "[budgets]\ncpu_shar = 1\n")
    done = CliRunner().invoke(app, ["profiles", "validate", str(file), "--json"])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.exit_code == 78
    answer = json.loads(done.stdout)
    assert answer["valid"] is False
    assert "budgets.cpu_shar: no such key" in answer["error"]


def test_an_evaluation_gets_the_workers_of_the_machines_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profiles, "detect", lambda: "raspberry-pi-5")
    assert usual_workers() == load_profile("raspberry-pi-5").runtime.workers == 2

    def nothing_fits() -> str:
        raise ConfigError("No device profile is for the machine 'riscv64'.")

    monkeypatch.setattr(profiles, "detect", nothing_fits)
    assert usual_workers() == 1
