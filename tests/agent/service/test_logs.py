"""Log lines: their form, their rate, and what they must not hold."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cameras._spec import without_secrets
from agent.service.logs import JsonLines, Lines, Rate, Sink, configure, is_journal

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    made = logging.getLogger("agent.tests")
    made.propagate = False
    yield made
    made.handlers.clear()
    made.propagate = True


def test_json_lines_hold_one_object_each_also_for_a_fault(log: logging.Logger) -> None:
    stream = io.StringIO()
    sink = Sink(stream)
    sink.setFormatter(JsonLines(str, prefixed=False))
    log.addHandler(sink)
    log.warning("two\nlines of %s", "text")
    try:
        raise ValueError("wrong")
    except ValueError:
        log.exception("a fault")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["level"], first["message"]) == ("warning", "two\nlines of text")
    assert first["time"].endswith("Z")
    assert "ValueError: wrong" in second["trace"]


def test_lines_for_the_journal_begin_with_their_priority(log: logging.Logger) -> None:
    stream = io.StringIO()
    sink = Sink(stream)
    sink.setFormatter(JsonLines(str, prefixed=True))
    log.addHandler(sink)
    log.error("bad")
    log.setLevel(logging.INFO)
    log.info("good")
    assert [line[:3] for line in stream.getvalue().splitlines()] == ["<3>", "<6>"]


@pytest.mark.parametrize("formatter", [Lines, lambda hide: JsonLines(hide, False)])
def test_secrets_are_left_out_of_lines_and_traces(log: logging.Logger, formatter: object) -> None:
    stream = io.StringIO()
    sink = Sink(stream)
    sink.setFormatter(formatter(without_secrets))  # type: ignore[operator]
    log.addHandler(sink)
    try:
        raise OSError("rtsp://root:hunter2@cam failed")
    except OSError:
        log.exception("no frames from %s, token=hunter2", "rtsp://root:hunter2@cam/1")
    assert "cam/1" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_a_line_that_comes_too_often_is_held_back_and_counted() -> None:
    rate = Rate(most=2, per_s=60.0)
    assert [rate.passes("row %d", 0.1 * i) for i in range(5)] == [True, True, False, False, False]
    assert rate.passes("another", 0.6)
    assert rate.owed(59.0) == []
    assert rate.owed(60.0) == [("row %d", 3)]
    assert rate.owed(61.0) == [], "told once"
    assert rate.passes("row %d", 61.0), "a new minute"


def test_what_was_held_back_is_said_with_the_next_line_or_at_the_end(log: logging.Logger) -> None:
    stream = io.StringIO()
    sink = Sink(stream, Rate(most=1, per_s=1e9))
    log.addHandler(sink)
    for number in range(4):
        log.warning("row %d is bad", number)
        log.warning("%s", f"no two are alike: {number % 2}")
    sink.close()
    said = stream.getvalue().splitlines()
    assert said[:3] == ["row 0 is bad", "no two are alike: 0", "no two are alike: 1"]
    assert said[3] == "3 more lines like this were held back: row %d is bad"
    assert len(said) == 6


def test_thousands_of_sorts_fill_no_memory() -> None:
    rate = Rate(most=1, per_s=1e9)
    assert all(rate.passes(str(number), 0.0) for number in range(5000))
    assert len(rate._sorts) <= 256


def test_auto_is_json_where_stderr_is_the_journals_and_text_elsewhere(tmp_path: Path) -> None:
    code = (
        "import logging; from agent.service.logs import configure;"
        "configure('auto'); logging.warning('hello')"
    )
    for ours, expected in ((True, b'<4>{"time'), (False, b"WARNING hello")):
        with (tmp_path / "journal").open("wb") as stream:
            facts = os.fstat(stream.fileno())
            inode = facts.st_ino if ours else facts.st_ino + 1
            environment = {**os.environ, "JOURNAL_STREAM": f"{facts.st_dev}:{inode}"}
            subprocess.run(
                [sys.executable, "-c", code], stderr=stream, env=environment, cwd=ROOT, check=True
            )
        assert (tmp_path / "journal").read_bytes().startswith(expected)


def test_a_stream_without_a_file_is_no_journal() -> None:
    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    try:
        configure("json", stream)
        logging.getLogger("agent").info("hello")
    finally:
        logging.getLogger().handlers[:] = before
    assert json.loads(stream.getvalue())["message"] == "hello"
