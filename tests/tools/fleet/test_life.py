"""What a simulated device records."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from agent.record import (
    EvidenceRecord,
    HealthRecord,
    SessionEndRecord,
    SessionRecord,
    TrialRecord,
    pack,
    unpack,
)
from tools.fleet.clock import Clock
from tools.fleet.life import Gallery, Life, Made
from tools.fleet.plan import HOSTILE, HOUR_MS, Plan

FIXED_MS = 1_790_000_000_000
"""What is drawn by chance depends on the hour of the day: not in these tests."""


def lived(plan: Plan, number: int, blank: Gallery) -> tuple[list[Made], Life]:
    life = Life(plan.fleet[number], plan, blank)
    return list(life.records()), life


def test_a_life_is_the_same_each_time(plan: Plan, blank: Gallery) -> None:
    assert lived(plan, 0, blank)[0] == lived(plan, 0, blank)[0]


@pytest.mark.parametrize("number", range(5))
def test_what_is_recorded_is_what_is_counted(plan: Plan, blank: Gallery, number: int) -> None:
    records, life = lived(plan, number, blank)
    counts, kinds = life.counts, Counter(made.record.kind for made in records)
    trials = [made.record for made in records if isinstance(made.record, TrialRecord)]
    assert len(trials) == plan.fleet[number].trials
    assert counts.rows == len(records)
    assert counts.trials == kinds["trial"]
    assert counts.sessions == kinds["session"]
    assert counts.health == kinds["health"] > 0
    assert counts.evidence == kinds["evidence"]
    assert counts.phantoms == kinds["phantom"]
    assert counts.clean_seen == sum(trial.clean_seen for trial in trials)
    assert counts.perturbed_seen == sum(trial.perturbed_seen for trial in trials)
    assert counts.flips == sum(trial.clean_seen and not trial.perturbed_seen for trial in trials)
    assert all(trial.flip == (trial.clean_seen and not trial.perturbed_seen) for trial in trials)


def test_sessions_begin_and_end_but_for_the_last_of_a_device_that_falls_silent(
    plan: Plan, blank: Gallery
) -> None:
    for number, ends in ((0, True), (2, False)):
        records, life = lived(plan, number, blank)
        begun = [r.record.session for r in records if isinstance(r.record, SessionRecord)]
        ended = [r.record for r in records if isinstance(r.record, SessionEndRecord)]
        assert len(set(begun)) == len(begun) > 1
        assert [end.session for end in ended] == (begun if ends else begun[:-1])
        assert sum(end.trials for end in ended) <= life.counts.trials
        if ends:
            assert sum(end.flips for end in ended) == life.counts.flips


def test_times_go_from_the_first_hour_to_the_last(plan: Plan, blank: Gallery) -> None:
    records, _ = lived(plan, 0, blank)
    times = [made.at_ms for made in records if made.at_ms is not None]
    assert len(times) == len(records)
    assert times == sorted(times)
    assert plan.until_ms - 24 * HOUR_MS <= times[0] < plan.until_ms - 21 * HOUR_MS
    assert times[-1] == plan.until_ms
    silent = [made.at_ms for made in lived(plan, 2, blank)[0] if made.at_ms is not None]
    assert plan.until_ms - 9 * HOUR_MS < silent[-1] < plan.until_ms - 7 * HOUR_MS


def test_with_no_hours_everything_is_made_when_it_is_put(blank: Gallery) -> None:
    plan = Plan(devices=1, trials=500, hours=0).begun()
    assert {made.at_ms for made in lived(plan, 0, blank)[0]} == {None}


def test_every_record_is_of_the_wire_contract(plan: Plan, blank: Gallery) -> None:
    for number, device in enumerate(plan.fleet):
        clock = Clock(device, plan)
        for seq, made in enumerate(lived(plan, number, blank)[0], 1):
            assert unpack(pack(seq, clock.stamp(made.at_ms), made.record)) == made.record


def test_one_device_is_hostile_wherever_text_is_free(plan: Plan, blank: Gallery) -> None:
    records = [made.record for made in lived(plan, 1, blank)[0]]
    session = next(record for record in records if isinstance(record, SessionRecord))
    trial = next(record for record in records if isinstance(record, TrialRecord))
    free = (session.model_name, session.profile, session.camera, trial.target, trial.clip)
    assert all(HOSTILE in text for text in (*free, trial.condition, trial.track))


def test_pictures_are_of_flips(blank: Gallery) -> None:
    plan = Plan(devices=1, trials=10_000, until_ms=FIXED_MS)
    records = [made.record for made in lived(plan, 0, blank)[0]]
    flips = {
        (t.session, t.frame, t.condition, t.severity)
        for t in records
        if isinstance(t, TrialRecord) and t.flip
    }
    shown = [record for record in records if isinstance(record, EvidenceRecord)]
    assert 2 < len(shown) < 40
    assert {(e.session, e.frame, e.condition, e.severity) for e in shown} <= flips


def test_a_planted_fall_leaves_clean_accuracy_as_it_is(blank: Gallery) -> None:
    plan = Plan(devices=1, trials=30_000, fall="cam-001", until_ms=FIXED_MS)
    device = replace(plan.fleet[0], truth=True)
    life = Life(device, plan, blank)
    trials = [made.record for made in life.records() if isinstance(made.record, TrialRecord)]
    for half, expected in ((trials[:15_000], 0.05), (trials[15_000:], 0.20)):
        clean = [trial for trial in half if trial.clean_seen]
        # A scene's looks resemble each other: it is some 150 scenes that tell.
        assert len(clean) / len(half) == pytest.approx(0.97, abs=0.04)
        assert sum(trial.flip for trial in clean) / len(clean) == pytest.approx(expected, abs=0.03)


def test_health_has_the_names_that_agents_send(plan: Plan, blank: Gallery) -> None:
    told = [r.record for r in lived(plan, 0, blank)[0] if isinstance(r.record, HealthRecord)]
    assert {"temperature_c", "throttled", "outbox_rows", "frames_per_s"} <= set(told[0].readings)
