"""Rules on a real store: what becomes an alert, once, and when it is over."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

HOUR_S = 3600.0
FLIPS = """
[[rules]]
name = "robustness falls"
metric = "flip_rate"
change = 0.05
baseline = { scenes = 1000 }
hold_down = "1m"
"""


def day(station: Any, rate: float, scenes: int, seed: int = 0, **more: Any) -> None:
    """Scenes in portions of 1 to 120, each followed by a look 30 s later."""
    chance = random.Random(seed)
    left = scenes
    while left > 0:
        n = min(left, chance.randint(1, 120))
        left -= n
        station.scenes(n, sum(chance.random() < rate for _ in range(n)), **more)
        station.look()


def test_a_planted_fall_is_one_alert_that_says_that_the_clean_side_is_fine(
    each_station: Any,
) -> None:
    station = each_station
    station.watch(FLIPS)
    day(station, 0.05, 1500, unseen=1)
    assert station.alerts() == []
    day(station, 0.20, 600, seed=1, unseen=1)
    (alert,) = station.alerts()
    assert (alert["state"], alert["subject"], alert["severity"]) == ("open", "lab/pi-1", "warning")
    assert "flip rate rose from 5." in alert["summary"]
    assert "under fog 0.5" in alert["summary"]
    assert "Clean accuracy looks fine" in alert["summary"]
    (told,) = alert["details"]["conditions"]
    assert told["rate"] == pytest.approx(0.2, abs=0.06)
    day(station, 0.05, 1500, seed=2, unseen=1)
    assert station.states() == ["resolved"]
    day(station, 0.20, 600, seed=3, unseen=1)
    assert station.states() == ["resolved", "open"], "a second fall is a second alert"


def test_a_fall_of_the_clean_side_with_it_is_told(station: Any) -> None:
    station.watch(FLIPS)
    day(station, 0.05, 1500, unseen=1)
    day(station, 0.20, 600, seed=1, unseen=20)
    assert "Clean accuracy falls too" in station.alerts()[0]["summary"]


def test_without_truth_nothing_is_claimed_of_the_clean_side(station: Any) -> None:
    station.watch(FLIPS)
    day(station, 0.05, 1500, truth=False)
    day(station, 0.20, 600, seed=1, truth=False)
    assert "not known" in station.alerts()[0]["summary"]


def test_an_evaluator_started_anew_between_any_two_looks_says_the_same(station: Any) -> None:
    chance = random.Random(4)
    for rate, scenes in ((0.05, 1300), (0.20, 500)):
        for _ in range(scenes // 50):
            station.scenes(50, sum(chance.random() < rate for _ in range(50)))
            station.watch(FLIPS)
            station.look()
    assert station.states() == ["open"]


def test_what_comes_late_or_twice_counts_once(station: Any) -> None:
    station.watch(FLIPS)
    station.scenes(1200, 60)
    station.look()
    station.look(HOUR_S)
    before = station.store.recall("robustness falls")["lab/pi-1"]["own"]["streams"]["fog@0.5"]
    late = station.now_ms - 3 * 3_600_000
    station.scenes(40, 2, made_ms=late)
    station.look()
    station.look(HOUR_S)
    station.look(HOUR_S)
    after = station.store.recall("robustness falls")["lab/pi-1"]["own"]["streams"]["fog@0.5"]
    assert after["stream"]["before"][:2] == [
        n + m for n, m in zip(before["stream"]["before"][:2], (2, 40), strict=True)
    ]


def test_all_is_counted_though_the_evaluator_was_away_for_days_longer_than_its_window(
    station: Any,
) -> None:
    station.watch(FLIPS)
    for _ in range(30):
        station.scenes(10, 1)
        station.look(5 * HOUR_S)
    for _ in range(200):
        station.scenes(1, 0)
        station.now_ms += 3_600_000
    station.look()
    kept = station.store.recall("robustness falls")["lab/pi-1"]["own"]["streams"]["fog@0.5"]
    assert kept["stream"]["before"][:2] == [30, 500]


def test_several_conditions_and_devices_are_one_subject_each(station: Any) -> None:
    station.watch(FLIPS)
    chance = random.Random(1)
    for step in range(40):
        for device in ("lab/pi-1", "lab/pi-2"):
            for condition in ("fog", "rain"):
                bad = step >= 30 and device == "lab/pi-2"
                flips = sum(chance.random() < (0.3 if bad else 0.05) for _ in range(40))
                station.scenes(40, flips, device, condition=condition)
        station.look()
    (alert,) = station.alerts()
    assert alert["subject"] == "lab/pi-2"
    assert [one["condition"] for one in alert["details"]["conditions"]] == ["fog 0.5", "rain 0.5"]


def test_a_known_limit_needs_no_learning_and_a_scope_restricts(station: Any) -> None:
    station.watch(
        """
        [[rules]]
        name = "too weak in fog"
        metric = "robust_accuracy"
        limit = 0.9
        per = "site"
        scope = { sites = ["lab"], conditions = ["fog"] }
        [[rules]]
        name = "elsewhere"
        metric = "robust_accuracy"
        limit = 0.9
        scope = { devices = ["pi-9"] }
        """
    )
    station.scenes(100, 50, condition="rain")
    station.look()
    assert station.alerts() == []
    station.scenes(100, 50, "lab/pi-2")
    station.look()
    (alert,) = station.alerts()
    assert (alert["rule"], alert["subject"]) == ("too weak in fog", "lab")
    assert "robust accuracy fell from 90.0 % to 50.0 %" in alert["summary"]


def test_a_span_of_the_past_is_a_baseline(station: Any) -> None:
    station.scenes(400, 8)
    station.now_ms += 10 * 86_400_000
    station.watch(
        """
        [[rules]]
        name = "worse than at new year"
        metric = "flip_rate"
        baseline = { since = 2026-01-01, until = 2026-01-02 }
        """
    )
    station.scenes(100, 30)
    station.look()
    assert "from 2.1 % to 30.0 %" in station.alerts()[0]["summary"]


def test_a_changed_rule_begins_anew_and_a_removed_one_is_resolved(station: Any) -> None:
    station.watch(FLIPS)
    day(station, 0.05, 1200)
    day(station, 0.30, 400, seed=1)
    assert station.states() == ["open"]
    station.watch(FLIPS.replace("change = 0.05", "change = 0.08"))
    station.look(120)
    assert station.states() == ["resolved"]
    station.watch(FLIPS)
    day(station, 0.05, 1200)
    day(station, 0.30, 400, seed=1)
    station.watch('[[rules]]\nname = "other"\nmetric = "gaps"\n')
    station.look()
    assert set(station.states()) == {"resolved"}


READING = """
[[rules]]
name = "hot"
metric = "temperature_c"
above = 80
clear = 75
lasting = "1m"
hold_down = "2m"
"""


def test_a_reading_must_last_and_does_not_flap(station: Any) -> None:
    station.watch(READING)
    for celsius in (79, 81, 81, 79, 81, 81):
        station.health(temperature_c=celsius)
        station.look()
    assert station.states() == [], "each time it was hot for 30 s only"
    for celsius in (81, 81, 78, 81, 78, 81, 78, 81):
        station.health(temperature_c=celsius)
        station.look()
    assert station.states() == ["open"], "below 80 is not over: that is 75"
    for celsius in (74, 82, 82, 82):
        station.health(temperature_c=celsius)
        station.look()
    assert station.states() == ["resolved"], "nothing is opened again within the hold-down"
    for celsius in (82, 82):
        station.health(temperature_c=celsius)
        station.look(60)
    assert station.states() == ["resolved", "open"]


def test_an_acknowledged_alert_stays_acknowledged_until_it_is_over(station: Any) -> None:
    station.watch(READING)
    for _ in range(4):
        station.health(temperature_c=90)
        station.look()
    assert station.store.acknowledge_alert(station.alerts()[0]["id"], "ann", station.now_ms)
    for _ in range(4):
        station.health(temperature_c=91)
        station.look(90)
    station.watch(READING)
    station.look()
    (alert,) = station.alerts()
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "ann")
    assert "91" in alert["summary"]
    station.health(temperature_c=60)
    station.look()
    assert station.states() == ["resolved"]


LOSSES = """
[[rules]]
name = "records lost"
metric = "gaps"
window = "2h"
hold_down = "1m"
[[rules]]
name = "dead letters"
metric = "dead_letters"
above = 1
window = "1h"
"""


def test_losses_within_the_window_are_an_alert_and_older_ones_none(station: Any) -> None:
    station.watch(LOSSES)
    station.gap(rows=5)
    station.look()
    (alert,) = station.alerts()
    assert "gave up 5 rows" in alert["summary"]
    assert "outbox full" in alert["summary"]
    station.look(2 * HOUR_S)
    assert station.states() == ["resolved"]


def test_dead_letters_are_counted_within_their_window(station: Any) -> None:
    station.now_ms = int(time.time() * 1000)  # letters have the store's own time
    station.watch(LOSSES)
    station.letter()
    station.look(1)
    assert station.alerts() == []
    station.letter(why="\x1b[2J no JSON")
    station.look(1)
    (alert,) = station.alerts()
    assert "2 or more messages" in alert["summary"]
    assert alert["summary"].isprintable()


def test_confidence_that_falls_is_held_against_a_level_once_there_is_evidence(
    station: Any,
) -> None:
    station.watch('[[rules]]\nname = "unsure"\nmetric = "mean_confidence_drop"\nabove = 0.25\n')
    station.scenes(49, 0)
    station.look()
    assert station.alerts() == []
    station.scenes(1, 0)
    station.look()
    assert "falls by 0.300 on average" in station.alerts()[0]["summary"]


MODELS = """
[[rules]]
name = "model changed"
metric = "model_changed"
hold_down = "1s"
announced = ["cccccc"]
"""


def test_another_model_is_an_alert_unless_it_was_announced(station: Any) -> None:
    station.watch(MODELS)
    station.session("lab/pi-1", "a" * 64)
    station.look()
    assert station.alerts() == []
    station.session("lab/pi-1", "b" * 64)
    station.look()
    (alert,) = station.alerts()
    assert "bbbbbbbbbbbb" in alert["summary"]
    station.session("lab/pi-1", "a" * 64)
    station.look()
    assert station.states() == ["resolved"], "it runs the known model again"
    station.session("lab/pi-1", "c" * 64)
    station.look()
    assert station.states() == ["resolved"], "announced"


def test_an_operator_who_acknowledges_accepts_the_new_model(station: Any) -> None:
    station.watch(MODELS)
    station.session("lab/pi-1", "a" * 64)
    station.look()
    station.session("lab/pi-1", "b" * 64)
    station.look()
    station.store.acknowledge_alert(station.alerts()[0]["id"], "ann", station.now_ms)
    station.look()
    station.look()
    (alert,) = station.alerts()
    assert (alert["state"], alert["acknowledged_by"]) == ("resolved", "ann")


PRESENCE = """
[[rules]]
name = "device offline"
metric = "device_offline"
silent_for = "5m"
offline_for = "1m"
hold_down = "1s"
[[rules]]
name = "nothing heard"
metric = "nothing_heard"
silent_for = "5m"
hold_down = "1s"
"""


def hear(station: Any, *devices: str, minutes: float) -> None:
    for _ in range(int(2 * minutes)):
        for device in devices:
            station.health(device, temperature_c=50)
        station.look()


def test_a_silent_device_is_told_and_one_that_was_stopped_is_not(station: Any) -> None:
    station.watch(PRESENCE)
    for device in ("lab/a", "lab/b", "lab/c"):
        station.status(device, "online")
    hear(station, "lab/a", "lab/b", "lab/c", minutes=2)
    station.status("lab/c", "stopped")
    hear(station, "lab/a", minutes=4)
    assert station.alerts() == []
    hear(station, "lab/a", minutes=3)
    assert [alert["subject"] for alert in station.alerts()] == ["lab/b"]
    hear(station, "lab/a", "lab/b", minutes=1)
    assert station.states() == ["resolved"]


def test_the_brokers_word_is_believed_after_a_while(station: Any) -> None:
    station.watch(PRESENCE)
    station.status("lab/a", "online")
    station.status("lab/b", "online")
    hear(station, "lab/a", "lab/b", minutes=1)
    station.status("lab/b", "offline")
    hear(station, "lab/a", minutes=0.5)
    station.status("lab/b", "online")
    hear(station, "lab/a", "lab/b", minutes=2)
    assert station.alerts() == [], "a reconnection"
    station.status("lab/b", "offline")
    hear(station, "lab/a", minutes=2)
    assert [alert["subject"] for alert in station.alerts()] == ["lab/b"]


def test_a_collector_that_was_away_makes_no_device_look_offline(station: Any) -> None:
    devices = [f"lab/pi-{n}" for n in range(6)]
    station.watch(PRESENCE)
    for device in devices:
        station.status(device, "online")
    hear(station, *devices, minutes=2)
    hear(station, minutes=60)
    (alert,) = station.alerts()
    assert (alert["rule"], alert["subject"]) == ("nothing heard", "fleet")
    hear(station, devices[0], minutes=4)
    assert station.states() == ["resolved"], "the others have not been silent for long yet"
    hear(station, *devices[:5], minutes=3)
    assert [alert["subject"] for alert in station.alerts("open")] == [devices[5]]


def test_a_fleet_that_was_stopped_is_no_alert(station: Any) -> None:
    station.watch(PRESENCE)
    station.status("lab/a", "online")
    hear(station, "lab/a", minutes=1)
    station.status("lab/a", "stopped")
    hear(station, minutes=20)
    assert station.alerts() == []
