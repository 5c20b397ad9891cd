"""The heartbeat file, and what `health` makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import OutputError
from agent.service import health
from agent.service.heartbeat import (
    OFTEN_S,
    SELDOM_S,
    Heartbeat,
    in_memory,
    last_beat,
    place,
)
from agent.service.lifeline import Lifeline
from agent.service.watchdog import Kept


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
    life.frame(good=True)
    assert health.main([str(tmp_path / "beat")]) == 0
    assert "The agent gets on: examining, 1 frames" in capsys.readouterr().out
    assert health.main([str(tmp_path / "beat"), "--within", "-1"]) == 1
    assert "does not get on" in capsys.readouterr().out


def test_there_is_no_beat_before_a_good_frame_and_none_after_the_end(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    life = Lifeline(file)
    life.ready()
    life.frame(good=False)
    assert not file.exists()
    life.paused("heat")
    assert json.loads(file.read_text())["state"] == "paused: heat"
    life.end()
    assert list(tmp_path.iterdir()) == []


def test_an_outbox_that_stands_still_stops_the_beat(tmp_path: Path) -> None:
    life = Lifeline(tmp_path / "beat")
    life.kept = lambda: Kept(committed=3, waiting=5)
    for _ in range(3):
        life.frame(good=True)
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


def test_a_service_keeps_its_heartbeat_in_memory_and_others_with_the_state(tmp_path: Path) -> None:
    assert place(tmp_path, {"RUNTIME_DIRECTORY": "/run/a:/run/b"}) == Path("/run/a/agent.heartbeat")
    assert place(tmp_path, {}) == tmp_path / "agent.heartbeat"
