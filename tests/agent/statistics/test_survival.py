"""Survival curves of breaking severities."""

from __future__ import annotations

import numpy as np
import pytest

from agent.statistics.survival import survival_curve


def test_a_curve_worked_by_hand() -> None:
    steps = survival_curve([0.2, 0.4, 0.4, 0.8], [0.5, 1.0])
    assert [step.severity for step in steps] == [0.2, 0.4, 0.8]
    assert [step.survival for step in steps] == pytest.approx([5 / 6, 5 / 6 * 3 / 5, 0.25])


def test_without_censoring_it_is_the_share_that_is_left() -> None:
    steps = survival_curve([0.1, 0.2, 0.3, 0.4])
    assert [step.survival for step in steps] == pytest.approx([0.75, 0.5, 0.25, 0])
    assert survival_curve([], [1.0, 1.0]) == ()


def test_a_target_censored_at_a_severity_still_stood_there() -> None:
    (only,) = survival_curve([0.5], [0.5])
    assert only.survival == 0.5


def test_the_band_covers_about_95_percent_under_censoring() -> None:
    chance = np.random.default_rng(4)
    held, runs = 0, 1500
    for _ in range(runs):
        breaking, tried = chance.exponential(1, 60), chance.uniform(0.5, 2, 60)
        lost = breaking[breaking <= tried].tolist()
        steps = survival_curve(lost, tried[breaking > tried].tolist())
        last = [step for step in steps if step.severity <= 0.7][-1]
        held += last.low <= np.exp(-0.7) <= last.high
    assert 0.93 <= held / runs <= 0.97
