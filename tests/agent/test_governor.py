"""The governor in closed loop with simulated devices: shares, heat, memory, what comes first."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.governor import (
    FRAME_S,
    HOPELESS_S,
    LONGEST_S,
    MEMORY_S,
    SAVED_S,
    WARM,
    Governor,
    Limits,
    Rotation,
)

KINDS = 10


@dataclass
class Device:
    """A machine on which trials take what ``cost`` draws, in wall seconds, on ``threads`` cores;
    other work of the agent's takes ``beside`` cores all the time.
    """

    limits: Limits
    cost: Callable[[], float]
    threads: float = 1.0
    beside: float = 0.0
    now: float = 1000.0
    cpu_s: float = 7.0

    def __post_init__(self) -> None:
        self.governor = Governor(self.limits, self.now, self.cpu_s)
        self.paused_s = 0.0

    def go(self, seconds: float, busy: float) -> None:
        self.now += seconds
        self.cpu_s += seconds * (busy + self.beside)

    def trial(self) -> None:
        began = self.now
        while (wait := self.governor.owed(self.now, self.cpu_s)) and self.now < began + LONGEST_S:
            self.go(wait, 0.0)
        self.paused_s += self.now - began
        self.go(self.cost(), self.threads)

    def frame(self, trials_per_kind: int = 4) -> int:
        """One frame of a live camera; the number of kinds that it was tried under."""
        kinds = self.governor.kinds(KINDS)
        began, paused = self.now, self.paused_s
        for _ in range(kinds * trials_per_kind):
            self.trial()
        self.governor.examined(kinds, self.now - began, self.paused_s - paused)
        return kinds

    def share(self, seconds: float) -> float:
        """Of all cores, over so long from now on."""
        began, cpu_s = self.now, self.cpu_s
        while self.now < began + seconds:
            self.trial()
        return (self.cpu_s - cpu_s) / (self.now - began) / self.limits.cores


@settings(max_examples=60, deadline=None)
@given(
    share=st.floats(0.05, 0.85),
    cores=st.integers(1, 16),
    greed=st.floats(0.0, 1.0),
    trials=st.integers(60, 20_000),
    beside=st.floats(0.0, 0.7),
    seed=st.integers(0, 10**6),
)
def test_the_share_of_two_minutes_is_within_a_tenth_of_the_budget_whatever_a_trial_costs(
    share: float, cores: int, greed: float, trials: int, beside: float, seed: int
) -> None:
    rate = share * cores
    # It would take between a tenth too much and all; the budget is good for so many trials.
    threads = 1.1 * rate + greed * (cores - 1.1 * rate)
    typical_s = 120 * rate / threads / trials
    chance = random.Random(seed)
    device = Device(
        Limits(cpu_share=share, cores=cores),
        lambda: typical_s * chance.uniform(0.1, 2.0),
        threads,
        beside * rate,
    )
    device.share(5)
    assert device.share(120) == pytest.approx(share, rel=0.1)


def test_a_device_within_its_budget_never_waits_and_saves_up_little() -> None:
    device = Device(Limits(cpu_share=0.5, cores=4), lambda: 0.05)
    device.share(60)
    assert device.paused_s == 0
    device.go(3600, 0.0)
    assert device.governor.owed(device.now, device.cpu_s) == 0
    device.go(6.0, 4.0)
    assert device.governor.owed(device.now, device.cpu_s) == pytest.approx(24 / 2 - 6 - SAVED_S)


def test_what_cannot_be_paid_is_forgiven_so_that_something_is_tried_now_and_then() -> None:
    device = Device(Limits(cpu_share=0.1, cores=1), lambda: 0.1, beside=0.5)
    times = []
    for _ in range(5):
        device.trial()
        times.append(device.now)
    assert max(b - a for a, b in pairwise(times)) < 2 * LONGEST_S + 1


def test_short_pauses_are_added_up() -> None:
    device = Device(Limits(cpu_share=0.9, cores=1), lambda: 0.001)
    governor = device.governor
    device.go(0.002, 1.0)
    assert governor.owed(device.now, device.cpu_s) == 0
    device.go(0.098, 1.0)
    assert governor.owed(device.now, device.cpu_s) == pytest.approx(0.1 / 0.9 - 0.1)


def test_pauses_come_first_and_fewer_trials_only_where_they_would_stretch_a_frame() -> None:
    def settled(share: float) -> tuple[float, int, float]:
        device = Device(Limits(cpu_share=share, cores=1), lambda: 0.01)
        for _ in range(20):
            device.frame()
        began, paused = device.now, device.paused_s
        kinds = device.frame()
        return device.paused_s - paused, kinds, device.now - began

    free, light, heavy = settled(1.0), settled(0.3), settled(0.05)
    assert (free[0], free[1]) == (0, KINDS)
    assert light[0] > 0.5, "it pauses"
    assert light[1] == KINDS, "and that is enough"
    assert heavy[1] < KINDS
    assert heavy[2] <= FRAME_S * 1.1
    least = Device(Limits(cpu_share=0.05, cores=1), lambda: 1.0)
    assert [least.frame() for _ in range(10)][-1] == 1


def test_a_device_that_is_slow_by_itself_is_not_asked_for_less() -> None:
    slow = Device(Limits(cpu_share=1.0, cores=1), lambda: 1.0)
    assert [slow.frame() for _ in range(5)] == [KINDS] * 5
    halved = Device(Limits(cpu_share=0.5, cores=1), lambda: 1.0)
    assert [halved.frame() for _ in range(10)][-1] == KINDS // 2


HOT = Limits(cpu_share=0.8, cores=2, pause_c=80.0, resume_c=70.0)


def test_it_pauses_at_the_limit_and_goes_on_below_the_lower_one() -> None:
    governor = Governor(HOT, 0.0, 0.0)
    said = []
    for second, celsius in enumerate([60, 79.9, 80, 75, 70, 69.9, 75, 79, 85]):
        governor.sense(second, celsius, throttled=False, resident_mb=None)
        said.append(governor.cause)
    assert said == ["", "", "heat", "heat", "heat", "", "", "", "heat"]


@settings(max_examples=100)
@given(st.lists(st.floats(40, 110), max_size=60))
def test_between_the_two_limits_nothing_changes_whatever_came_before(course: list[float]) -> None:
    governor = Governor(HOT, 0.0, 0.0)
    for second, celsius in enumerate(course):
        before = governor.cause
        governor.sense(second, celsius, throttled=False, resident_mb=None)
        if celsius >= HOT.pause_c:
            assert governor.cause == "heat"
        elif celsius < HOT.resume_c:
            assert governor.cause == ""
        else:
            assert governor.cause == before


def test_the_budget_shrinks_with_warmth_and_while_the_device_is_throttled() -> None:
    governor = Governor(HOT, 0.0, 0.0)

    def allowed(celsius: float | None, throttled: bool = False) -> float:
        governor.sense(0.0, celsius, throttled, None)
        return governor.allowed

    assert allowed(None) == allowed(70.0) == 0.8
    assert allowed(75.0) == pytest.approx(0.8 * (1 + WARM) / 2)
    assert allowed(79.999) == pytest.approx(0.8 * WARM, rel=1e-3)
    assert allowed(50.0, throttled=True) == pytest.approx(0.8 * WARM)


@pytest.mark.parametrize(("ambient_c", "stops"), [(30.0, False), (45.0, False), (68.0, True)])
def test_a_device_that_heats_up_settles_below_the_limit_where_it_can(
    ambient_c: float, stops: bool
) -> None:
    """All of its cores heat it by 60 K, a quarter of the budget by 12; it follows within 30 s."""
    device = Device(HOT, lambda: 0.02, threads=2.0)
    celsius, causes = ambient_c, set[str]()
    for second in range(1800):
        cpu_s, until = device.cpu_s, device.now + 1
        while device.now < until:
            if device.governor.cause:
                device.go(until - device.now, 0.0)
            else:
                device.trial()
        share = (device.cpu_s - cpu_s) / (device.now - until + 1) / 2
        celsius += (ambient_c + 60 * share - celsius) / 30
        device.governor.sense(device.now, celsius, throttled=False, resident_mb=None)
        if second > 300:
            causes.add(device.governor.cause)
        assert celsius < HOT.pause_c + 1.5
    assert causes == ({"", "heat"} if stops else {""})


def test_a_thermometer_that_falls_silent_holds_nothing_up_for_ever() -> None:
    governor = Governor(HOT, 0.0, 0.0)
    governor.sense(0.0, 90.0, throttled=False, resident_mb=None)
    governor.sense(59.0, None, throttled=False, resident_mb=None)
    assert governor.cause == "heat"
    governor.sense(60.0, None, throttled=False, resident_mb=None)
    assert (governor.cause, governor.allowed) == ("", 0.8)


def test_memory_above_its_budget_for_a_while_pauses_and_in_the_end_is_hopeless() -> None:
    governor = Governor(Limits(memory_mb=100.0), 0.0, 0.0)

    def at(second: float, megabytes: float) -> tuple[str, bool]:
        governor.sense(second, None, throttled=False, resident_mb=megabytes)
        return governor.cause, governor.hopeless(second)

    assert at(0, 120) == ("", False)
    assert at(MEMORY_S - 1, 99) == ("", False), "a peak is over"
    assert at(MEMORY_S, 120) == ("", False)
    assert at(2 * MEMORY_S, 120) == ("memory", False)
    assert at(2 * MEMORY_S + 1, 99) == ("memory", False), "not far enough below"
    assert at(2 * MEMORY_S + 2, 90) == ("", False)
    assert at(200, 120) == ("", False)
    assert at(200 + MEMORY_S, 120) == ("memory", False)
    assert at(200 + MEMORY_S + HOPELESS_S, 120) == ("memory", True)
    free = Governor(replace(governor.limits, memory_mb=0.0), 0.0, 0.0)
    for second in range(0, 1000, 10):
        free.sense(second, None, throttled=False, resident_mb=1e6)
    assert free.cause == ""


def test_an_order_pauses_and_heat_is_named_before_it() -> None:
    governor = Governor(HOT, 0.0, 0.0)
    governor.ordered = True
    assert governor.cause == "order"
    governor.sense(0.0, 99.0, throttled=False, resident_mb=None)
    assert governor.cause == "heat"


def test_frames_keep_to_their_rate_and_those_that_are_late_are_not_caught_up_with() -> None:
    governor = Governor(Limits(max_fps=10.0), 0.0, 0.0)
    waits = [governor.until_frame(now) for now in (0.02, 0.13, 5.0, 5.01)]
    assert waits == pytest.approx([0.08, 0.07, 0.0, 0.09])
    free = Governor(Limits(), 0.0, 0.0)
    assert [free.until_frame(now) for now in (0.0, 1.0)] == [0.0, 0.0]


@given(
    kinds=st.integers(1, 12),
    counts=st.lists(st.integers(1, 15), min_size=1, max_size=60),
    seed=st.integers(0, 1000),
)
def test_no_kind_is_dealt_out_twice_more_often_than_another(
    kinds: int, counts: list[int], seed: int
) -> None:
    names = [f"kind {number}" for number in range(kinds)]
    rotation, frames = Rotation(names, seed), Counter(dict.fromkeys(names, 0))
    for count in counts:
        taken = rotation.take(count)
        assert len(taken) == min(count, kinds)
        frames.update(taken)
        assert max(frames.values()) - min(frames.values()) <= 1


def test_what_recurs_every_few_frames_meets_every_kind() -> None:
    """A scene with a beat of the suite's own length must not always meet the same kind."""
    names = [f"kind {number}" for number in range(6)]
    rotation = Rotation(names, 1)
    met = [rotation.take(1) for _ in range(600)]
    on_the_beat = Counter(kind for kinds in met[::6] for kind in kinds)
    assert len(on_the_beat) == 6
    assert max(on_the_beat.values()) < 40


def test_a_rotation_repeats_with_its_seed_and_counts_a_kind_once() -> None:
    first, second, other = (Rotation(["a", "b", "a", "c", "d"], seed) for seed in (1, 1, 2))
    drawn = [[sorted(rotation.take(1)) for _ in range(24)] for rotation in (first, second, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert first.kinds == ("a", "b", "c", "d")
    assert math.isinf(Limits().pause_c)


def test_other_limits_leave_the_debt_as_it_is_and_learn_anew_what_a_kind_takes() -> None:
    governor = Governor(Limits(cpu_share=0.1, cores=1), 0.0, 0.0)
    assert governor.owed(1.0, 1.1) == pytest.approx(10.0)
    governor.examined(1, took_s=60.0, paused_s=59.0)
    assert governor.kinds(4) == 1
    governor.renew(Limits(cpu_share=0.2, cores=1))
    assert governor.owed(1.0, 1.1) == pytest.approx(5.0), "the same debt at twice the rate"
    assert governor.kinds(4) == 4
