"""Waiting on real clocks: what is said, what goes on meanwhile, and what ends a wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

import pytest

from agent import governor, pace
from agent.errors import BudgetError
from agent.governor import Limits
from agent.pace import Pace, limits_of
from agent.profile import load_profile
from agent.session import Interrupted
from agent.strategies.grid import Grid
from agent.values import Condition, Part, Target

SUITE = [Condition((Part(kind, s),)) for kind in ("fog", "rain", "snow", "dew") for s in (0.5, 1.0)]
HOT = Limits(cores=2, pause_c=80.0, resume_c=70.0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TICK_S", 0.01)


def pacing(
    limits: Limits, readings: Mapping[str, float] | None = None, *, live: bool = False
) -> tuple[Pace, Grid, threading.Event]:
    strategy, stop, known = Grid(SUITE), threading.Event(), {} if readings is None else readings
    return Pace(limits, strategy, stop, lambda: known, live=live), strategy, stop


def after(calls: int, act: Callable[[], object]) -> Callable[[], None]:
    """A duty that acts once it has been called so often."""
    count = 0

    def duty() -> None:
        nonlocal count
        count += 1
        if count == calls:
            act()

    return duty


def test_the_limits_are_the_profiles() -> None:
    profile = load_profile("generic-x86-64")
    limits = limits_of(profile)
    assert (limits.cpu_share, limits.max_fps) == (
        profile.budgets.cpu_share,
        profile.budgets.max_fps,
    )
    assert (limits.pause_c, limits.resume_c) == (profile.thermal.pause_c, profile.thermal.resume_c)
    assert limits.cores >= 1


def test_it_pauses_while_it_is_hot_says_so_and_sees_to_its_duties(
    caplog: pytest.LogCaptureFixture,
) -> None:
    readings = {"temperature_c": 85.5}
    running, _, _ = pacing(HOT, readings)
    shown: list[dict[str, float]] = []

    def cool() -> None:
        shown.append(running.readings())
        readings["temperature_c"] = 60.0

    running.duty = after(5, cool)
    with caplog.at_level(logging.INFO):
        running.between()
    assert (shown[0]["paused"], running.readings()["paused"]) == (1.0, 0.0)
    assert shown[0]["paused_heat_s"] > 0
    assert "it is 85.5 C, the limit is 80.0 C; goes on below 70.0 C" in caplog.messages[0]
    assert "Goes on after a pause for heat" in caplog.messages[1]


@pytest.mark.parametrize("limits", [HOT, Limits(cpu_share=1e-6, cores=1), Limits(max_fps=0.001)])
def test_a_stop_ends_every_wait(limits: Limits) -> None:
    running, _, stop = pacing(limits, {"temperature_c": 90.0 if limits is HOT else 20.0})
    running.duty = after(3, stop.set)
    sum(i * i for i in range(100_000))
    if limits.max_fps:
        running.rest()
    else:
        with pytest.raises(Interrupted):
            running.begin()
    assert stop.is_set()


def test_memory_that_stays_above_its_budget_ends_the_run_with_a_code_to_start_it_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(governor, "MEMORY_S", 0.02)
    monkeypatch.setattr(governor, "HOPELESS_S", 0.05)
    running, _, _ = pacing(Limits(memory_mb=100), {"resident_mb": 90.0, "children_mb": 20.0})

    def try_on() -> None:
        for _ in range(1000):
            running.between()
            time.sleep(0.005)

    with pytest.raises(BudgetError, match="its budget of 100 MB") as caught:
        try_on()
    assert caught.value.exit_code == 75
    assert "memory_mb" in caught.value.remedy
    assert "Paused: more than the budget of 100 MB is resident." in caplog.messages


def test_a_frame_is_taken_only_when_it_may_be_examined() -> None:
    readings = {"temperature_c": 90.0}
    running, _, _ = pacing(HOT, readings)
    running.duty = after(3, lambda: readings.update(temperature_c=50.0))
    running.rest()
    assert running.readings()["paused"] == 0


def test_an_order_pauses_until_it_is_taken_back() -> None:
    running, _, _ = pacing(Limits())
    running.governor.ordered = True
    running.duty = after(3, lambda: setattr(running.governor, "ordered", False))
    running.between()
    assert not running.governor.ordered


@pytest.mark.parametrize("live", [True, False])
def test_only_live_frames_are_tried_under_fewer_kinds_and_readings_tell(live: bool) -> None:
    running, strategy, _ = pacing(Limits(), live=live)
    running.governor.examined(4, took_s=16.0, paused_s=15.9)
    running.begin()
    asked = strategy.ask(Target(0, 0, "stop"))
    assert len(asked) == (2 if live else 8)
    assert len({condition.kind for condition in asked}) == (1 if live else 4)
    assert running.readings()["kinds_share"] == (0.25 if live else 1.0)
    running.end()


def test_a_budget_that_is_spent_makes_it_wait_and_the_share_is_told() -> None:
    running, _, _ = pacing(Limits(cpu_share=0.05, cores=1))
    running.readings()
    for _ in range(10):
        running.between()
        before = time.process_time()
        while time.process_time() < before + 0.005:
            pass
    running.between()
    told = running.readings()
    assert told["pause_ms"] > 0
    assert told["paused_cpu_s"] > 0
    assert 0 < told["cpu_share"] < 0.1
    assert told["cpu_allowed"] == 0.05


def test_a_camera_that_takes_the_whole_budget_is_named_and_something_is_tried_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pace, "LONGEST_S", 0.05)
    running, _, _ = pacing(Limits(cpu_share=1e-6, cores=1))
    sum(i * i for i in range(100_000))
    running.between()
    running.between()
    assert len([text for text in caplog.messages if "more than its CPU budget" in text]) == 1


def test_a_frame_during_which_the_device_was_throttled_says_so() -> None:
    readings = {"throttled": 0.0}
    running, _, _ = pacing(Limits(), readings)
    running.begin()
    assert not running.throttled
    readings["throttled"] = 1.0
    time.sleep(0.02)
    running.between()
    readings["throttled"] = 0.0
    time.sleep(0.02)
    running.between()
    assert running.throttled
    running.begin()
    assert not running.throttled


def test_another_session_has_other_kinds_and_does_not_forget_the_heat() -> None:
    readings = {"temperature_c": 85.0}
    running, before, stop = pacing(HOT, readings, live=True)
    readings["temperature_c"] = 75.0
    few = Grid(SUITE[:2])
    running.renew(HOT, few)
    stop.set()
    with pytest.raises(Interrupted):
        running.begin()
    assert running.governor.cause == "heat", "it goes on below 70 C, not below 80 C"
    readings["temperature_c"] = 60.0
    stop.clear()
    running.begin()
    assert running.readings()["kinds_share"] == 1.0
    assert (few.only, before.only) == (None, None)
