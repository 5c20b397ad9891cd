"""Commands as they come in: once each, allowed ones only, and whatever bytes come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ConfigError
from agent.record import Command, Reply, Stamp, encode_message
from agent.service.commands import (
    MOST_WAITING,
    REMEMBERED,
    Intake,
    Memory,
    Speaker,
    check_names,
)

NOW_MS = 1_700_000_000_000


def intake(folder: Path, *allowed: str, synced: bool = True, now_ms: int = NOW_MS) -> Intake:
    speaker = Speaker("lab", "pi", lambda: "s1", lambda: Stamp("boot", 5, now_ms, synced))
    return Intake(speaker, frozenset(allowed), Memory(folder / "commands.json"))


def said(name: str = "pause", of: str = "1", device: str = "pi", **more: Any) -> bytes:
    return encode_message(Command(device=device, id=of, name=name, **more))


def test_an_allowed_command_waits_and_is_replied_to_when_it_is_done(tmp_path: Path) -> None:
    taken = intake(tmp_path, "pause")
    assert taken.hear(said(), False) is None
    command = taken.take()
    assert command is not None
    assert command.name == "pause"
    reply = taken.done(command, "done", "Paused.")
    assert (reply.id, reply.outcome, reply.session) == ("1", "done", "s1")
    assert taken.take() is None


@pytest.mark.parametrize(
    ("name", "words"),
    [("resume", "does not obey resume. Allow it by --commands resume"), ("reboot", "no command")],
)
def test_what_is_not_allowed_is_refused_with_a_reply(tmp_path: Path, name: str, words: str) -> None:
    taken = intake(tmp_path, "pause")
    reply = taken.hear(said(name), False)
    assert reply is not None
    assert reply.outcome == "refused"
    assert words in reply.said
    assert taken.take() is None


def test_nothing_is_allowed_unless_it_is_named(tmp_path: Path) -> None:
    for name in ("pause", "resume", "suite", "budget", "evidence", "report"):
        reply = intake(tmp_path).hear(said(name), False)
        assert reply is not None
        assert reply.outcome == "refused"


def test_a_command_that_comes_twice_is_done_once_and_replied_to_again(tmp_path: Path) -> None:
    taken = intake(tmp_path, "pause")
    taken.hear(said(), False)
    assert taken.hear(said(), False) is None, "it is under way"
    command = taken.take()
    assert command is not None
    first = taken.done(command, "done", "Paused.")
    assert taken.hear(said(), False) == first
    assert taken.take() is None


def test_a_command_is_not_done_again_after_a_restart(tmp_path: Path) -> None:
    before = intake(tmp_path, "pause")
    before.hear(said(of="1"), False)
    before.hear(said(of="2"), False)
    command = before.take()
    assert command is not None
    first = before.done(command, "done", "Paused.")
    after = intake(tmp_path, "pause")
    assert after.hear(said(of="1"), False) == first
    cut_off = after.hear(said(of="2"), False)
    assert cut_off is not None
    assert cut_off.outcome == "failed"
    assert "not known" in cut_off.said
    assert after.take() is None


def test_retained_commands_and_those_for_others_are_ignored(tmp_path: Path) -> None:
    taken = intake(tmp_path, "pause")
    assert taken.hear(said(), True) is None
    assert taken.hear(said(device="other"), False) is None
    assert taken.take() is None


def test_an_expired_command_is_refused_where_the_clock_can_be_trusted(tmp_path: Path) -> None:
    late = said(expires_ms=NOW_MS - 2000)
    reply = intake(tmp_path, "pause").hear(late, False)
    assert reply is not None
    assert reply.said == "It has expired 2 s ago."
    unsure = intake(tmp_path, "pause", synced=False)
    assert unsure.hear(late, False) is None
    assert unsure.take() is not None


def test_a_flood_of_commands_is_bounded(tmp_path: Path) -> None:
    taken = intake(tmp_path, "pause")
    replies = [taken.hear(said(of=str(number)), False) for number in range(3 * REMEMBERED)]
    assert replies.count(None) == MOST_WAITING
    kept = json.loads((tmp_path / "commands.json").read_text())
    assert len(kept) <= REMEMBERED


def test_a_command_that_cannot_be_remembered_is_refused(tmp_path: Path) -> None:
    (tmp_path / "commands.json.new").mkdir()
    taken = intake(tmp_path, "pause")
    reply = taken.hear(said(), False)
    assert reply is not None
    assert "might be done twice" in reply.said
    (tmp_path / "commands.json.new").rmdir()
    assert taken.hear(said(), False) is None, "it was not done, so it may come again"


@pytest.mark.parametrize("text", ["", "[[1]]", '[["1", {"id": 5}]]', "{}", "\x00", "[" * 100_000])
def test_a_damaged_memory_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "commands.json").write_text(text)
    taken = intake(tmp_path, "pause")
    assert taken.hear(said(), False) is None
    assert taken.take() is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=20,
)
fields = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("schema", "device", "id", "name", "expires_ms", "suite", "cpu_share"), json_values
    ),
)


@given(
    st.binary(max_size=300)
    | json_values.map(lambda value: json.dumps(value).encode())
    | fields.map(lambda value: json.dumps({"device": "pi", "id": "1", **value}).encode()),
    st.booleans(),
)
def test_hostile_bytes_meet_a_reply_or_silence(
    tmp_path_factory: pytest.TempPathFactory, payload: bytes, retained: bool
) -> None:
    taken = intake(tmp_path_factory.getbasetemp(), "pause")
    answer = taken.hear(payload, retained)
    assert answer is None or isinstance(answer, Reply)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"a":' * 5000,
        b" " * 1_000_000,
        said()[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}",
        b"\xff\xfe",
    ],
    ids=["deep", "deeper", "long", "nested", "not text"],
)
def test_what_is_too_large_or_too_deep_is_not_parsed(tmp_path: Path, payload: bytes) -> None:
    taken = intake(tmp_path, "pause")
    assert taken.hear(payload, False) is None
    assert taken.take() is None


def test_a_command_that_does_not_exist_cannot_be_allowed() -> None:
    assert check_names(["pause", "report"]) == {"pause", "report"}
    with pytest.raises(ConfigError, match="reboot"):
        check_names(["pause", "reboot"])
