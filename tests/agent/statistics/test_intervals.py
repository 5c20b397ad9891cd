"""Intervals against worked values and known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.statistics.intervals import censored_median, wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_wilson_gives_the_textbook_values(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=2e-4)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_observed_share_and_mirrors(pair: tuple[int, int]) -> None:
    k, n = pair
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    mirrored = wilson(n - k, n)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((low, high))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_wilson_covers_the_truth_about_95_times_in_100(share: float) -> None:
    draws = np.random.default_rng(1).binomial(150, share, 4000)
    covered = np.mean([wilson(int(k), 150).low <= share <= wilson(int(k), 150).high for k in draws])
    assert 0.93 <= covered <= 0.975


def test_wilson_of_nothing_knows_nothing_and_refuses_nonsense() -> None:
    assert wilson(0, 0) == (0, 1)
    with pytest.raises(ValueError, match="successes <= n"):
        wilson(3, 2)


def test_the_median_is_censored_when_most_survive() -> None:
    assert censored_median([0.5, None, None]).median is None
    assert censored_median([0.5, 0.25, None]).median == 0.5
    with pytest.raises(ValueError, match="no values"):
        censored_median([])


@pytest.mark.parametrize("n", [8, 60])
def test_the_medians_interval_covers_the_truth_about_95_times_in_100(n: int) -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(1500):
        found = censored_median(list(rng.exponential(1.0, n)))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= np.log(2) <= found.high
    assert 0.92 <= covered / 1500 <= 0.98


@pytest.mark.parametrize("n", range(1, 6))
def test_a_handful_of_values_bounds_no_median(n: int) -> None:
    assert censored_median([0.5] * n) == (0.5, 0.0, None)
