"""The heartbeat file, and what `health` makes of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from agent import places
from agent.__main__ import parser
from agent.errors import OutputError
from agent.plan import settings_of
from agent.service import health
from agent.service.heartbeat import OFTEN_S, SELDOM_S, Heartbeat, in_memory, last_beat
from agent.service.lifeline import Lifeline
from agent.service.watchdog import Pulse


def test_health_says_how_the_agent_is_by_the_age_of_its_last_beat(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    code, said = health.verdict(file)
    assert code == 1
    assert said.startswith("No heartbeat in ")
    Heartbeat(file).write("examining", 12, now=1000.0)
    beat = last_beat(file, now=1004.0)
    assert beat is not None
    assert (beat.age_s, beat.state, beat.frames) == (4.0, "examining", 12)


def test_health_ends_with_1_when_the_last_progress_is_old(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = Lifeline(tmp_path / "beat")
    life.frame()
    assert health.main([str(tmp_path / "beat")]) == 0
    assert "The agent gets on: examining, 1 frames" in capsys.readouterr().out
    assert health.main([str(tmp_path / "beat"), "--within", "-1"]) == 1
    assert "does not get on" in capsys.readouterr().out


def test_a_pause_is_told_and_there_is_no_beat_after_the_end(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    life = Lifeline(file)
    life.waiting()
    assert not file.exists(), "no frame has come yet"
    life.ready()
    life.turn("heat")
    assert json.loads(file.read_text())["state"] == "paused: heat"
    life.end()
    assert list(tmp_path.iterdir()) == []


def test_waiting_for_a_frame_that_is_not_the_first_goes_on(tmp_path: Path) -> None:
    life = Lifeline(tmp_path / "beat")
    life.ready()
    life.waiting()
    assert (tmp_path / "beat").exists()


@pytest.mark.parametrize(
    ("fault", "failure", "said"),
    [
        ("black", "", "the camera's frames are of no use (black)"),
        ("", "disk is full", "the disk takes no records (disk is full)"),
        ("frozen", "full", "of no use (frozen) and the disk takes no records (full)"),
    ],
)
def test_a_trouble_is_told_in_words_and_is_1_when_it_lasts(
    tmp_path: Path, fault: str, failure: str, said: str
) -> None:
    file = tmp_path / "beat"
    life = Lifeline(file)
    life.failure = lambda: failure
    life.frame()
    life._heartbeat._due = float("-inf")  # type: ignore[union-attr]
    life.pulse = lambda: Pulse(turns=1)
    life.frame(fault)
    code, told = health.verdict(file)
    assert (code, said in told) == (0, True), "it may be over soon"
    beat = last_beat(file)
    assert beat is not None
    Heartbeat(file).write("examining", 3, time.monotonic(), beat.trouble, 300.0)
    code, told = health.verdict(file)
    assert (code, f"for 300 s {beat.trouble}" in told) == (1, True)


def test_a_camera_that_has_shown_nothing_yet_is_1_at_once(tmp_path: Path) -> None:
    life = Lifeline(tmp_path / "beat")
    life.frame("black")
    assert health.verdict(tmp_path / "beat")[0] == 1


@pytest.mark.parametrize(
    "pulse", [Pulse(tries=3, waiting=5, turns=1), Pulse(tries=3, waiting=0, turns=0)]
)
def test_a_thread_that_hangs_stops_the_beat(tmp_path: Path, pulse: Pulse) -> None:
    life = Lifeline(tmp_path / "beat")
    life.pulse = lambda: Pulse(3, 0, 0)
    life.frame()
    (tmp_path / "beat").unlink()
    life._heartbeat._due = float("-inf")  # type: ignore[union-attr]
    life.pulse = lambda: pulse
    for _ in range(3):
        life.frame()
    assert not (tmp_path / "beat").exists()


def test_beats_on_a_disk_are_seldom_and_in_memory_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("root / ext4 rw 0 0\nrun /run tmpfs rw 0 0\ncard /run/media ext4 rw 0 0\n")
    assert in_memory(Path("/run/fieldproof/beat"), mounts)
    assert not in_memory(Path("/run/media/beat"), mounts)
    assert not in_memory(Path("/var/lib/beat"), mounts)
    assert not in_memory(Path("/run/beat"), tmp_path / "none")
    for memory, every_s in ((True, OFTEN_S), (False, SELDOM_S)):
        monkeypatch.setattr("agent.service.heartbeat.in_memory", lambda file, m=memory: m)
        beat = Heartbeat(tmp_path / "beat")
        beat.write("examining", 1, now=50.0)
        assert not beat.is_due(50.0 + every_s - 0.1)
        assert beat.is_due(50.0 + every_s)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "5", "null", '{"boot": 1}', '{"monotonic_s": "soon"}', "[" * 100_000, "\x00"],
)
def test_a_file_that_is_no_heartbeat_counts_for_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "beat").write_text(text)
    assert last_beat(tmp_path / "beat") is None


@pytest.mark.parametrize(
    "change",
    [{"boot": "another"}, {"monotonic_s": 2000.0}, {"monotonic_s": None}, {"frames": 1e999}],
    ids=["before a restart", "in the future", "no time", "no number"],
)
def test_a_beat_that_cannot_be_of_now_counts_for_none(
    tmp_path: Path, change: dict[str, object]
) -> None:
    file = tmp_path / "beat"
    Heartbeat(file).write("examining", 1, now=1000.0)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert last_beat(file, now=1001.0) is None


def test_the_heartbeat_of_an_agent_before_is_removed_at_the_start(tmp_path: Path) -> None:
    Heartbeat(tmp_path / "beat").write("examining", 1, now=1000.0)
    Heartbeat(tmp_path / "beat")
    assert last_beat(tmp_path / "beat", now=1001.0) is None


def test_a_heartbeat_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="--heartbeat"):
        Heartbeat(tmp_path / "file" / "beat")


def test_run_and_health_look_in_one_place(
    alone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever gives what to `run` and gives the same to `health` finds the heartbeat."""
    monkeypatch.setattr(places, "INSTALLED_RUNTIME", tmp_path / "run")
    (tmp_path / "run").mkdir()
    own = tmp_path / "own.toml"
    own.write_text('[run]\nstate = "filed"\n')
    for environment, words in (
        ({}, ["--state", "given"]),
        ({"FIELDPROOF_STATE": "named"}, []),
        ({"FIELDPROOF_STATE": "named"}, ["--state", "given"]),
        ({"FIELDPROOF_HEARTBEAT": "/dev/shm/beat"}, ["--state", "given"]),
        ({"FIELDPROOF_STATE": "named", "RUNTIME_DIRECTORY": "/run/a:/run/b"}, []),
        ({"FIELDPROOF_CONFIG": str(own)}, []),
        ({}, ["--config", str(own)]),
        ({"FIELDPROOF_STATE": "named"}, ["--config", str(own)]),
    ):
        for name in (
            "FIELDPROOF_STATE",
            "FIELDPROOF_HEARTBEAT",
            "RUNTIME_DIRECTORY",
            places.CONFIG,
        ):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        run = settings_of(parser().parse_args(["run", *words])).run
        asked = {word.strip("-"): Path(value) for word, value in zip(*[iter(words)] * 2)}  # noqa: B905
        assert health.find(**asked) == places.heartbeat(run.heartbeat, run.state), environment


def test_where_nobody_says_whose_health_looks_for_the_installed_services(
    alone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "INSTALLED_RUNTIME", tmp_path / "run")
    assert health.find() == Path("fieldproof-state/agent.heartbeat")
    (tmp_path / "run").mkdir()
    assert health.find() == tmp_path / "run/agent.heartbeat"
    places.USUAL_FILE.write_text('[run]\nstate = "/elsewhere"\n')
    assert health.find() == tmp_path / "run/agent.heartbeat", "its unit gives --state"
    places.USUAL_FILE.write_text("[run\n")
    assert health.find() == tmp_path / "run/agent.heartbeat", "what cannot be read says nothing"
