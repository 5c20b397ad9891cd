"""Three answers, and how many more frames would turn the third into one of the others."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.statistics.intervals import wilson
from tools.gate.evidence import (
    Measure,
    difference,
    more_needed,
    more_pictures,
    poisson_rate,
    settle,
)


def test_only_an_interval_that_straddles_the_limit_is_unsure() -> None:
    assert settle(Measure(0.95, 0.91, 0.98), at_least=0.9) == "pass"
    assert settle(Measure(0.95, 0.85, 0.98), at_least=0.9) == "unsure"
    assert settle(Measure(0.80, 0.72, 0.88), at_least=0.9) == "fail"
    assert settle(Measure(0.05, 0.01, 0.09), at_most=0.1) == "pass"
    assert settle(Measure(0.05, 0.01, 0.19), at_most=0.1) == "unsure"
    assert settle(Measure(0.25, 0.11, 0.39), at_most=0.1) == "fail"


@given(st.integers(10, 200), st.floats(-1.7, 1.7), st.floats(0.1, 0.9))
def test_with_as_many_more_the_answer_is_there_and_not_much_sooner(
    n: int, away: float, limit: float
) -> None:
    successes = round(min(max(limit * n + away * math.sqrt(limit * (1 - limit) * n), 0), n))
    measure = Measure(successes / n, *wilson(successes, n))
    assume(settle(measure, at_least=limit) == "unsure" and abs(measure.value - limit) > 0.02)
    more = more_needed(measure, limit, n)
    assert more is not None

    def answer(cases: float) -> str:
        share = successes / n
        return settle(Measure(share, *wilson(round(share * cases), round(cases))), at_least=limit)

    # Whole successes only: a few cases either way.
    assert answer(1.1 * (n + more) + 20) != "unsure"
    if n + more > 3 * n and n + more > 200:
        assert answer(0.8 * (n + more)) == "unsure"


def test_clustered_evidence_needs_more_frames_than_independent() -> None:
    independent = Measure(0.95, *wilson(95, 100))
    clustered = Measure(0.95, *wilson(19, 20))
    few, many = (more_needed(m, 0.9, 100) for m in (independent, clustered))
    assert few is not None
    assert many is not None
    assert many > 4 * few


def test_on_the_limit_no_number_of_frames_is_promised() -> None:
    assert more_needed(Measure(0.9, 0.8, 0.95), 0.9, 50) is None
    assert more_pictures(0.01, 0.01, 100) is None


def test_no_phantom_in_384_frames_is_fewer_than_one_in_a_hundred() -> None:
    assert poisson_rate(0, 385).high <= 0.01 < poisson_rate(0, 384).high
    assert more_pictures(0.0, 0.01, 100) == 385 - 100


def test_the_difference_of_two_shares_is_newcombes() -> None:
    """His table II, 56/70 less 48/80: 0.0524 to 0.3339 by method 10."""
    first, second = (Measure(k / n, *wilson(k, n)) for k, n in ((56, 70), (48, 80)))
    found = difference(first, second)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
