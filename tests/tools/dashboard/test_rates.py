"""Shares count trials, how sure they are counts scenes."""

from __future__ import annotations

import pytest

from agent.statistics.intervals import wilson
from tools.dashboard.rates import Counts, grouped, joined, merged, rate


def row(
    condition: str, seen: int, n: int = 100, scenes: int = 10, **more: object
) -> dict[str, object]:
    return {
        "condition": condition, "n": n, "clean_seen": n, "perturbed_seen": seen,
        "flips": n - seen, "truth": 0, "truth_seen": 0, "drops": n, "drop_sum": 10.0,
        "scenes": scenes, **more,
    }  # fmt: skip


def test_the_interval_is_that_of_as_many_cases_as_there_are_scenes() -> None:
    found = rate(55, 100, 10)
    assert found is not None
    assert (found.share, found.low, found.high) == (0.55, *wilson(5.5, 10))


def test_a_single_scene_bounds_nothing() -> None:
    found = rate(55, 100, 1)
    assert found is not None
    assert found.interval == (0.0, 1.0)
    assert not found.known
    assert rate(0, 0, 0) is None


def test_conditions_on_the_same_scenes_are_no_more_scenes() -> None:
    counts = merged(grouped([row("fog", 50), row("rain", 70)], "condition").values())
    assert (counts.n, counts.perturbed_seen, counts.scenes) == (200, 120, 10)


def test_devices_and_hours_hold_scenes_of_their_own() -> None:
    one, two = Counts(), Counts()
    one.add(row("fog", 50))
    two.add(row("fog", 70, scenes=4))
    assert joined([one, two]).scenes == 14


def test_flips_are_counted_of_what_was_seen_clean() -> None:
    counts = Counts()
    counts.add(row("fog", 30, clean_seen=60, flips=30, scenes=10))
    assert counts.flip is not None
    assert (counts.flip.share, counts.flip.scenes) == (0.5, 6)
    assert Counts().flip is None


def test_clean_accuracy_is_told_where_the_truth_is_known() -> None:
    counts = Counts()
    counts.add(row("fog", 30))
    assert counts.clean is None
    counts.add(row("rain", 30, truth=50, truth_seen=40))
    assert counts.clean is not None
    assert counts.clean.share == 0.8


def test_the_fall_of_confidence_is_a_mean() -> None:
    counts = Counts()
    assert counts.drop is None
    counts.add(row("fog", 30))
    assert counts.drop == pytest.approx(0.1)
