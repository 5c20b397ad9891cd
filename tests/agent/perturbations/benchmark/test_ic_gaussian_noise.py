"""Gaussian noise against the clipped normal law."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_gaussian_noise import IcGaussianNoise

SIGMA = (0.08, 0.12, 0.18, 0.26, 0.38)
NORMAL = np.array([NormalDist().inv_cdf((n + 0.5) / 4000) for n in range(4000)])


@settings(max_examples=30, deadline=None)
@given(value=st.integers(0, 255), level=st.integers(1, 5), seed=st.integers(0, 2**32))
def test_mean_and_spread_are_those_of_the_clipped_normal_law(
    value: int, level: int, seed: int
) -> None:
    law = np.floor(np.clip(value + 255 * SIGMA[level - 1] * NORMAL, 0, 255))
    flat = np.full((120, 140, 3), value, np.uint8)
    noisy = IcGaussianNoise().apply(flat, level / 5, Moment(seed=seed))
    assert noisy.mean() == pytest.approx(law.mean(), abs=2)
    assert noisy.std() == pytest.approx(law.std(), rel=0.05)


def test_pixels_channels_and_frames_are_drawn_by_themselves() -> None:
    flat = np.full((150, 150, 3), 128, np.uint8)
    one = IcGaussianNoise().apply(flat, 0.4, Moment(seed=1, frame=1)).astype(float)
    two = IcGaussianNoise().apply(flat, 0.4, Moment(seed=1, frame=2)).astype(float)
    pairs = [
        (one, two),
        (one[..., 0], one[..., 1]),
        (one[1:], one[:-1]),
        (one[:, 1:], one[:, :-1]),
        (one[:, 4:], one[:, :-4]),
    ]
    for first, second in pairs:
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.03
