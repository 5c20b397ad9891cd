"""Speckle noise against the clipped normal law."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_speckle_noise import IcSpeckleNoise

SIGMA = (0.15, 0.2, 0.35, 0.45, 0.6)
NORMAL = np.array([NormalDist().inv_cdf((n + 0.5) / 4000) for n in range(4000)])


@settings(max_examples=30, deadline=None)
@given(value=st.integers(0, 255), level=st.integers(1, 5), seed=st.integers(0, 2**32))
def test_mean_and_spread_are_those_of_the_law_in_proportion_to_the_value(
    value: int, level: int, seed: int
) -> None:
    law = np.floor(np.clip(value * (1 + SIGMA[level - 1] * NORMAL), 0, 255))
    flat = np.full((120, 140, 3), value, np.uint8)
    noisy = IcSpeckleNoise().apply(flat, level / 5, Moment(seed=seed))
    assert noisy.mean() == pytest.approx(law.mean(), abs=2)
    assert noisy.std() == pytest.approx(law.std(), rel=0.05, abs=0.05)


def test_black_stays_black() -> None:
    black = np.zeros((40, 40, 3), np.uint8)
    assert not IcSpeckleNoise().apply(black, 1.0, Moment(seed=2)).any()
