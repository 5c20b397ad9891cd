"""The exact laws of noise, against sums that a person can work out."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.values import Sensor
from tools.bench.laws import (
    GAUSSIAN,
    LAWS,
    gaussian,
    mean_and_deviation,
    sensor,
    shot,
    speckle,
)


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("value", [0, 3, 128, 255])
def test_probabilities_sum_to_one(kind: str, value: int) -> None:
    for level in range(1, 6):
        assert LAWS[kind](value, level).sum() == pytest.approx(1, abs=1e-6)


def test_in_the_middle_a_gaussian_has_its_own_deviation_less_half_a_level_of_truncation() -> None:
    mean, deviation = mean_and_deviation(gaussian(128, 1))
    assert mean == pytest.approx(127.5, abs=0.01)
    assert deviation == pytest.approx(255 * GAUSSIAN[0], rel=0.01)


def test_black_stays_black_where_noise_is_in_proportion_to_light() -> None:
    for law in (shot, speckle):
        assert law(0, 5)[0] == 1


def test_shot_noise_has_as_many_values_as_photons() -> None:
    law = shot(255, 5)
    assert np.flatnonzero(law).tolist() == [0, 85, 170, 255]
    assert law[0] == pytest.approx(np.exp(-3))


def test_a_sensors_variance_is_signal_plus_read_noise_in_electrons() -> None:
    camera = Sensor()
    white = camera.full_well_e / (camera.max_gain * 4) ** 0.4
    law, electrons = sensor(128, 2), LINEAR * white
    mean = law @ electrons
    assert mean == pytest.approx(electrons[128], rel=0.002)
    spread = law @ (electrons - mean) ** 2
    assert spread == pytest.approx(electrons[128] + camera.read_noise_e**2, rel=0.03)


def test_half_of_the_read_noise_is_clipped_at_black() -> None:
    law = sensor(0, 5)
    assert law[0] > 0.5
    assert law[0] + law[1:].sum() == pytest.approx(1)
