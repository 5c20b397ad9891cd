"""Paired comparison of two models."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.statistics.paired import mcnemar, paired_difference

counts = st.integers(0, 60)


def test_five_of_five_lost_is_one_in_sixteen() -> None:
    assert mcnemar(0, 5) == 2 / 32
    assert mcnemar(1, 8) == pytest.approx(2 * (1 + 9) / 512)


@given(won=counts, lost=counts)
def test_the_p_value_is_symmetric_and_a_probability(won: int, lost: int) -> None:
    assert 0 < mcnemar(won, lost) <= 1
    assert mcnemar(won, lost) == mcnemar(lost, won)


def test_the_approximation_for_large_counts_meets_the_exact_sum() -> None:
    exact = min(1.0, 2 * sum(math.comb(1200, k) for k in range(561)) / 2**1200)
    assert mcnemar(560, 640) == pytest.approx(exact, rel=0.02)


def test_the_difference_covers_about_95_percent() -> None:
    chance = np.random.default_rng(2)
    held, runs, n = 0, 3000, 80
    for won, lost, _ in chance.multinomial(n, (0.05, 0.12, 0.83), runs):
        low, high = paired_difference(int(won), int(lost), n)
        held += low <= 0.05 - 0.12 <= high
    assert 0.93 <= held / runs <= 0.975


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no part of 5"):
        paired_difference(3, 3, 5)
    with pytest.raises(ValueError, match="not negative"):
        mcnemar(-1, 2)
