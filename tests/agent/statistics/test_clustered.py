"""Intervals over clips: they cover what they should when frames of one clip are alike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from agent.statistics.clustered import (
    clustered_median,
    clustered_rate,
    critical,
    two_sided,
)
from agent.statistics.intervals import censored_median, wilson


def _clips(
    rate: float, alike: float, clips: int, frames: int, chance: np.random.Generator
) -> list[tuple[int, int]]:
    """Clips whose own rates follow a beta law; ``alike`` is the correlation within a clip."""
    spread = 1 / alike - 1
    rates = chance.beta(rate * spread, (1 - rate) * spread, clips)
    counts = chance.integers(frames // 2, frames * 3 // 2 + 1, clips)
    return list(zip(chance.binomial(counts, rates).tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize(
    ("rate", "alike", "clips", "frames"),
    [
        (0.1, 0.3, 50, 30),
        (0.3, 0.3, 20, 30),
        (0.5, 0.6, 40, 20),
        (0.8, 0.1, 100, 5),
        (0.02, 0.3, 50, 30),
        (0.97, 0.3, 30, 25),
    ],
)
def test_the_rates_interval_covers_93_to_97_percent(
    rate: float, alike: float, clips: int, frames: int
) -> None:
    chance = np.random.default_rng(5)
    runs, held, naive = 2000, 0, 0
    for _ in range(runs):
        some = _clips(rate, alike, clips, frames, chance)
        low, high = clustered_rate(some)
        held += low <= rate <= high
        low, high = wilson(sum(k for k, _ in some), sum(n for _, n in some))
        naive += low <= rate <= high
    assert 0.93 <= held / runs <= 0.97
    assert naive < held


def test_one_clip_claims_nothing_and_equal_clips_count_once_each() -> None:
    assert clustered_rate([(30, 40)]) == (0, 1)
    assert clustered_rate([]) == (0, 1)
    assert clustered_rate([(30, 30)] * 8) == wilson(8, 8)
    assert clustered_rate([(0, 30)] * 8 + [(0, 0)]) == wilson(0, 8)
    with pytest.raises(ValueError, match="successes"):
        clustered_rate([(5, 4), (1, 2)])


@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [
        (12.7062, 1, 0.05),
        (4.3027, 2, 0.05),
        (4.7809, 9, 0.001),
        (1.9840, 100, 0.05),
        (3.2906, 100_000, 0.001),
    ],
)
def test_students_tails_are_the_tables(t: float, freedom: int, p: float) -> None:
    assert two_sided(t, freedom) == two_sided(-t, freedom) == pytest.approx(p, rel=2e-3)
    assert two_sided(0, freedom) == pytest.approx(1)
    assert critical(p, freedom) == pytest.approx(t, rel=2e-3)


def test_losses_in_few_scenes_leave_few_degrees_of_freedom() -> None:
    even = [(3, 10), (7, 10)] * 25
    rare = [(10, 10)] * 2 + [(0, 10)] * 48
    low, high = clustered_rate(even)
    assert high - low == pytest.approx(2 * critical(0.05, 49) * 0.2 / np.sqrt(49), rel=0.02)
    low, high = clustered_rate(rare)
    assert low < 0.01
    assert high > 0.15, "two of fifty scenes hold all losses: the next fifty may hold seven"


def _breaking(
    scenes: int, frames: int, alike: float, chance: np.random.Generator
) -> list[tuple[tuple[float | None, int], ...]]:
    """Scenes of targets lost at severities around .5, a share ``alike`` of the spread shared."""
    own = chance.normal(0.5, 0.2 * np.sqrt(alike), scenes)
    made = []
    for middle in own:
        each = np.round(chance.normal(middle, 0.2 * np.sqrt(1 - alike), frames), 2)
        counts = Counter(None if at > 0.9 else max(at, 0.0) for at in each.tolist())
        made.append(tuple(sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or 0))))
    return made


@pytest.mark.parametrize(("scenes", "frames", "alike"), [(30, 12, 0.5), (80, 5, 0.8)])
def test_the_medians_interval_covers_about_95_percent(
    scenes: int, frames: int, alike: float
) -> None:
    chance = np.random.default_rng(11)
    held, naive, runs = 0, 0, 600
    for number in range(runs):
        some = Counter(_breaking(scenes, frames, alike, chance))
        _, low, high = clustered_median(some, seed=number, draws=400)
        held += (low or 0) <= 0.5 <= (1 if high is None else high)
        each = [at for losses in some.elements() for at, n in losses for _ in range(n)]
        _, low, high = censored_median(each)
        naive += (low or 0) <= 0.5 <= (1 if high is None else high)
    assert 0.92 <= held / runs <= 0.985
    assert naive / runs < 0.85


def test_the_median_of_scenes_of_one_target_is_the_plain_one() -> None:
    values = [0.1, 0.2, 0.2, 0.4, 0.7, 0.8, None, None]
    scenes = Counter(((at, 1),) for at in values)
    assert clustered_median(scenes, seed=0) == censored_median(values)


def test_few_scenes_claim_no_interval_of_the_median() -> None:
    scenes = Counter({((0.5, 30),): 1, ((0.25, 10), (None, 20)): 2})
    assert clustered_median(scenes, seed=0) == (0.5, 0.0, None)
    with pytest.raises(ValueError, match="no values"):
        clustered_median({}, seed=0)
