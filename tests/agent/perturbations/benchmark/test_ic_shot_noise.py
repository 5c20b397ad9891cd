"""Shot noise against the Poisson law."""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_shot_noise import IcShotNoise

PHOTONS = (60, 25, 12, 5, 3)


@settings(max_examples=30, deadline=None)
@given(value=st.integers(1, 255), level=st.integers(1, 5), seed=st.integers(0, 2**32))
def test_mean_and_spread_are_those_of_counted_photons(value: int, level: int, seed: int) -> None:
    photons = PHOTONS[level - 1]
    mean = value / 255 * photons
    law = np.array([exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(150)])
    values = np.floor(255 * np.minimum(np.arange(150) / photons, 1))
    expected = law @ values
    spread = (law @ (values - expected) ** 2) ** 0.5
    flat = np.full((260, 260, 3), value, np.uint8)
    noisy = IcShotNoise().apply(flat, level / 5, Moment(seed=seed))
    assert noisy.mean() == pytest.approx(expected, abs=2)
    assert noisy.std() == pytest.approx(spread, rel=0.05)


def test_at_level_five_only_whole_thirds_of_white_are_left() -> None:
    slope = np.arange(256, dtype=np.uint8).reshape(16, 16)
    pixels = np.repeat(slope[..., None], 3, axis=2)
    noisy = IcShotNoise().apply(pixels, 1.0, Moment(seed=3))
    assert set(np.unique(noisy)) <= {0, 85, 170, 255}


def test_black_stays_black_and_much_light_shows_little_noise() -> None:
    black = np.zeros((40, 40, 3), np.uint8)
    assert not IcShotNoise().apply(black, 1.0, Moment(seed=2)).any()
    gray = np.full((90, 90, 3), 100, np.uint8)
    few = IcShotNoise().apply(gray, 0.02, Moment(seed=2))
    # A tenth of level 1's spread: the square root of 255 * 100 / 6000.
    assert few.std() == pytest.approx((255 * 100 / 6000) ** 0.5, rel=0.1)
