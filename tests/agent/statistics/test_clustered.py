"""Intervals over clips: they cover what they should when frames of one clip are alike."""

from __future__ import annotations

import numpy as np
import pytest

from agent.statistics.clustered import bootstrap, clustered_rate, student_quantile
from agent.statistics.intervals import wilson


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
    [(0.1, 0.3, 50, 30), (0.3, 0.3, 20, 30), (0.5, 0.6, 40, 20), (0.8, 0.1, 100, 5)],
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
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (10, 2.2281), (100, 1.9840)],
)
def test_students_quantile_is_the_tables(freedom: int, quantile: float) -> None:
    assert student_quantile(freedom) == pytest.approx(quantile, rel=2e-3)


def test_the_bootstrap_covers_a_mean_of_clips_about_95_percent() -> None:
    chance = np.random.default_rng(7)
    held, runs = 0, 150
    for number in range(runs):
        values = chance.gamma(2, 1, 40)
        low, high = bootstrap(list(values), lambda s: float(np.mean(s)), seed=number, draws=400)
        held += low <= 2 <= high
    assert 0.88 <= held / runs <= 1


def test_the_bootstrap_repeats_from_its_seed() -> None:
    values = [0.1, 0.5, 0.9, 0.3]
    one, two = (bootstrap(values, lambda s: sum(s) / len(s), seed=3) for _ in range(2))
    assert one == two
    with pytest.raises(ValueError, match="two clusters"):
        bootstrap([1.0], max, seed=0)
