"""The statistic: its law by enumeration, its delay and its silence by simulation."""

from __future__ import annotations

import itertools
import json
import math
import random
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.alerts.detector import Change, Stream, judge, total


def portions(scenes: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, int]]:
    """(events, scenes) of scenes in portions of these sizes."""
    ends = list(itertools.accumulate(sizes))
    starts = [0, *ends[:-1]]
    return [(sum(scenes[a:b]), b - a) for a, b in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("sizes", [[1] * 8, [3, 1, 4], [8]])
def test_without_a_change_the_evidence_is_the_number_of_scenes_on_average(
    sizes: list[int],
) -> None:
    """All that can happen, weighed by its probability: this is what the guarantee rests on."""
    mean = 0.0
    for scenes in itertools.product((0, 1), repeat=8):
        stream = Stream(Change(rate=0.05))
        for portion in portions(scenes, sizes):
            stream.add(portion)
        mean += 0.05 ** sum(scenes) * 0.95 ** (8 - sum(scenes)) * stream.evidence
    assert mean == pytest.approx(8.0)


def test_with_a_learned_baseline_it_is_so_on_average_over_the_prior() -> None:
    def log_beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    mean = 0.0
    for scenes in itertools.product((0, 1), repeat=10):
        stream = Stream(Change(learn=4))
        for portion in portions(scenes, [4, 1, 3, 2]):
            stream.add(portion)
        k = sum(scenes)
        prior = math.exp(log_beta(k + 0.5, 10 - k + 0.5) - log_beta(0.5, 0.5))
        mean += prior * stream.evidence
    assert mean == pytest.approx(6.0)


def test_conditions_that_share_their_scenes_share_one_error_rate() -> None:
    """Two streams that flip together: with half the weight each, the mean is still the scenes."""
    mean = 0.0
    for scenes in itertools.product((0, 1), repeat=8):
        streams = [Stream(Change(rate=0.1)), Stream(Change(rate=0.1))]
        for scene in scenes:
            for stream in streams:
                stream.add((scene, 1), 0.5)
        mean += 0.1 ** sum(scenes) * 0.9 ** (8 - sum(scenes)) * total(streams)
    assert mean == pytest.approx(8.0)


def test_alarms_by_chance_are_no_more_than_the_bound() -> None:
    change = Change(rate=0.05, scenes_per_false_alert=1000)
    alarms = 0
    for seed in range(200):
        chance, stream = random.Random(seed), Stream(change)
        for _ in range(100):
            stream.add((int(chance.random() < 0.05), 1))
            if stream.evidence >= change.scenes_per_false_alert:
                alarms += 1
                break
    assert alarms / 200 <= 100 / 1000


@pytest.mark.parametrize(
    "change", [Change(rate=0.05), Change(learn=1000)], ids=["known", "learned"]
)
def test_a_fall_from_5_to_20_per_cent_is_told_within_143_scenes_by_the_median(
    change: Change,
) -> None:
    waits = []
    for seed in range(60):
        chance, stream = random.Random(f"delay/{seed}"), Stream(change)
        stream.add((sum(chance.random() < 0.05 for _ in range(1000)), 1000))
        for n in itertools.count(1):
            stream.add((int(chance.random() < 0.2), 1))
            if judge({"": stream}):
                waits.append(n)
                break
    assert statistics.median(waits) <= 143


@pytest.mark.parametrize(
    "change", [Change(rate=0.05), Change(learn=1000)], ids=["known", "learned"]
)
def test_100000_scenes_without_a_change_are_silent(change: Change) -> None:
    chance, stream = random.Random(1), Stream(change)
    for _ in range(101):
        if stream.state == "learning":
            stream.add((sum(chance.random() < 0.05 for _ in range(1000)), 1000))
            continue
        for _ in range(100):
            stream.add((sum(chance.random() < 0.05 for _ in range(10)), 10))
            assert not judge({"": stream})
    assert sum(stream.before[1:2]) >= 100_000


def test_a_changed_rate_that_lasts_is_one_alarm_and_one_that_comes_back_is_over() -> None:
    chance, stream = random.Random(2), Stream(Change(learn=1000))
    stream.add((50, 1000))
    alarms = 0
    for _ in range(2000):
        stream.add((sum(chance.random() < 0.2 for _ in range(10)), 10))
        alarms += bool(judge({"": stream}))
        assert not stream.recovered
    assert alarms == 1
    assert stream.baseline == pytest.approx(0.05, abs=0.01), "what is new is no part of it"
    back = 0
    while not stream.recovered:
        stream.add((int(chance.random() < 0.05), 1))
        back += 1
    assert back < 1500
    stream.restart()
    assert stream.state == "watching"
    assert stream.evidence == 0


def test_the_start_of_a_change_is_dated() -> None:
    chance, stream = random.Random(3), Stream(Change(rate=0.05))
    for _ in range(500):
        stream.add((int(chance.random() < 0.05), 1, 7))
    waited = 0
    while not judge({"": stream}):
        stream.add((int(chance.random() < 0.3), 1, 7))
        waited += 1
    assert stream.since[1] == pytest.approx(waited, abs=20)
    assert stream.since[2] == 7 * stream.since[1], "what is counted along is dated with it"


def test_too_few_scenes_are_no_evidence_where_a_rule_says_so() -> None:
    stream = Stream(Change(rate=0.01))
    stream.add((15, 15))
    assert not judge({"": stream}, least=20)
    stream.add((5, 5))
    assert judge({"": stream}, least=20) == {""}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))),
    st.sampled_from([Change(rate=0.05), Change(rate=0.97, smallest=0.2), Change(learn=50)]),
)
def test_what_is_kept_as_json_goes_on_as_if_nothing_had_been(
    counts: list[tuple[int, int]], change: Change
) -> None:
    one, other = Stream(change), Stream(change)
    for portion in counts:
        for stream in (one, other):
            stream.add(portion)
        assert judge({"": one}) == judge({"": other})
        other = Stream.of(change, json.loads(json.dumps(other.kept(), allow_nan=False)))
    assert other.evidence == pytest.approx(one.evidence)
    assert (other.state, other.before, other.since) == (one.state, one.before, one.since)


def test_figures_that_cannot_be_are_refused() -> None:
    for wrong in ({"smallest": 0.0}, {"rate": 1.0}, {"learn": 0}, {"scenes_per_false_alert": 0}):
        with pytest.raises(ValueError, match=r"between 0 and 1|counted from 1"):
            Change(**wrong)
    with pytest.raises(ValueError, match="3 events in 2 scenes"):
        Stream(Change()).add((3, 2))
