"""Correction for many comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.statistics.multiple import benjamini_hochberg


def test_a_table_worked_by_hand() -> None:
    assert benjamini_hochberg([0.005, 0.5, 0.03, 0.02]) == pytest.approx((0.02, 0.5, 0.04, 0.04))


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusting_keeps_the_order_and_lowers_nothing(values: list[float]) -> None:
    adjusted = benjamini_hochberg(values)
    assert all(q >= p for p, q in zip(values, adjusted, strict=True))
    assert [adjusted[i] for i in np.argsort(values, kind="stable")] == sorted(adjusted)


def test_forty_equal_slices_are_flagged_in_five_percent_of_runs_at_most() -> None:
    chance = np.random.default_rng(3)
    runs = 2000
    flagged = sum(min(benjamini_hochberg(chance.random(40).tolist())) <= 0.05 for _ in range(runs))
    assert 0.035 <= flagged / runs <= 0.06


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        benjamini_hochberg([0.2, 1.2])
