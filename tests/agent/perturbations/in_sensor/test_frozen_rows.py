"""Frozen rows: how many, and what they repeat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.in_sensor.frozen_rows import FrozenRows


@given(
    height=st.integers(40, 1080),
    severity=st.floats(0.05, 1),
    seed=st.integers(0, 99),
    share=st.floats(0.1, 0.9),
)
def test_the_share_of_rows_described_is_stuck(
    height: int, severity: float, seed: int, share: float
) -> None:
    sources = FrozenRows(share=share).sources(height, severity, Moment(seed=seed))
    stuck = np.count_nonzero(sources != np.arange(height))
    assert stuck == pytest.approx(severity * share * height, abs=5)
    assert (sources <= np.arange(height)).all()
    assert (sources >= 0).all()


@given(seed=st.integers(0, 99), repeats=st.sampled_from(("row", "block")))
def test_rows_repeat_what_was_well_read_before_or_repeated(seed: int, repeats: str) -> None:
    kind = FrozenRows.model_validate({"repeats": repeats})
    sources = kind.sources(300, 0.8, Moment(seed=seed))
    starts = np.flatnonzero(np.diff((sources != np.arange(300)).astype(int)) == 1) + 1
    for start in starts:
        if repeats == "row":
            assert sources[start] == start - 1
        else:
            assert sources[start + 1] == sources[start] + 1


def test_a_fault_lasts_and_then_lies_elsewhere() -> None:
    early, same, late = (
        FrozenRows().sources(300, 0.6, Moment(seed=1, time_s=time)) for time in (0.01, 0.19, 0.21)
    )
    np.testing.assert_array_equal(early, same)
    assert (early != late).any()
