"""Probes are read beside the loop: one that hangs or fails disturbs nobody."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import ClassVar

import pytest

from agent.probes import Probe, _watch
from agent.probes._watch import Watch


class Counts(Probe):
    """Says how often it was read."""

    period_s: ClassVar[float] = 0.01

    def __init__(self) -> None:
        self.times = 0

    def read(self) -> dict[str, float]:
        self.times += 1
        return {"times": self.times}


class Hangs(Counts):
    """Reads once, and then never comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def read(self) -> dict[str, float]:
        if self.times:
            self.release.wait()
        self.times += 1
        return {"stuck": 1.0}


class Fails(Counts):
    """A driver that answers nonsense every other time."""

    def read(self) -> dict[str, float]:
        self.times += 1
        if self.times % 4:
            raise ValueError("no number")
        return {"odd": 1.0}


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def test_the_first_readings_are_there_at_once_and_newer_ones_follow() -> None:
    with Watch([Counts()]) as watch:
        assert watch.latest()["times"] >= 1
        until(lambda: watch.latest()["times"] > 3)


def test_a_probe_that_hangs_is_no_longer_told_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_watch, "STALE_S", 0.2)
    stuck = Hangs()
    with Watch([stuck, Counts()]) as watch:
        assert watch.latest()["stuck"] == 1
        until(lambda: "stuck" not in watch.latest())
        seen = watch.latest()["times"]
        until(lambda: watch.latest()["times"] > seen)
        stuck.release.set()


def test_a_probe_that_fails_is_said_once_a_time_and_read_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing = Fails()
    with caplog.at_level(logging.WARNING), Watch([failing]) as watch:
        until(lambda: failing.times > 9)
        assert watch.latest() == {"odd": 1.0}
    assert len(caplog.messages) < failing.times / 2
    assert "fail" in caplog.messages[0] or "test_watch" in caplog.messages[0]
    assert "no number" in caplog.messages[0]


def test_it_ends_with_the_block() -> None:
    counting = Counts()
    watch = Watch([counting])
    with watch:
        pass
    for watched in watch._watched:
        watched.thread.join(5)
        assert not watched.thread.is_alive()
