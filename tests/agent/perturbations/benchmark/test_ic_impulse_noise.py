"""Impulse noise: how many values are lost, and to what."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_impulse_noise import IcImpulseNoise


@pytest.mark.parametrize(
    ("level", "amount"), [(1, 0.03), (2, 0.06), (3, 0.09), (4, 0.17), (5, 0.27)]
)
def test_the_standards_share_of_values_is_lost_half_to_white_half_to_black(
    level: int, amount: float
) -> None:
    flat = np.full((400, 500, 3), 128, np.uint8)
    noisy = IcImpulseNoise().apply(flat, level / 5, Moment(seed=6))
    assert set(np.unique(noisy)) == {0, 128, 255}
    assert (noisy == 255).mean() == pytest.approx(amount / 2, rel=0.05)
    assert (noisy == 0).mean() == pytest.approx(amount / 2, rel=0.05)


def test_other_values_stay_and_channels_are_lost_by_themselves() -> None:
    pixels = np.random.default_rng(0).integers(1, 255, (200, 200, 3), np.uint8)
    noisy = IcImpulseNoise().apply(pixels, 1.0, Moment(seed=6))
    lost = (noisy == 0) | (noisy == 255)
    np.testing.assert_array_equal(noisy[~lost], pixels[~lost])
    both = (lost[..., 0] & lost[..., 1]).mean()
    assert both == pytest.approx(0.27**2, rel=0.1)


def test_every_frame_loses_others() -> None:
    flat = np.full((100, 100, 3), 128, np.uint8)
    one, two = (IcImpulseNoise().apply(flat, 0.6, Moment(frame=n)) for n in (1, 2))
    assert ((one != 128) & (two != 128)).mean() == pytest.approx(0.09**2, abs=0.003)
