"""Sensor noise: the variance law, fresh on every frame."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment
from agent.perturbations.in_sensor._noise_law import noisy_levels
from agent.perturbations.in_sensor.sensor_noise import SensorNoise
from agent.values import Sensor


@pytest.mark.parametrize("level", [60, 120, 200])
@pytest.mark.parametrize("severity", [0.4, 0.8])
def test_variance_in_electrons_is_signal_plus_read_noise(level: int, severity: float) -> None:
    sensor = Sensor(full_well_e=10_000, read_noise_e=3, max_gain=16)
    pixels = np.full((400, 400, 3), level, np.uint8)
    noisy = SensorNoise().apply(pixels, severity, Moment(seed=1, sensor=sensor))
    white = 10_000 / 64**severity
    electrons = LINEAR[noisy] * white
    signal = LINEAR[level] * white
    # Rounding to levels adds a twelfth of a level squared, in electrons by the curve's slope.
    rounding = (LINEAR[level + 1] - LINEAR[level]) ** 2 * white**2 / 12
    assert electrons.std() == pytest.approx(np.sqrt(signal + 9 + rounding), rel=0.05)
    assert electrons.mean() == pytest.approx(signal, rel=0.02)


def test_every_frame_and_channel_has_noise_of_its_own() -> None:
    pixels = np.full((100, 100, 3), 120, np.uint8)
    one, two = (
        SensorNoise().apply(pixels, 0.8, Moment(seed=1, frame=frame)).astype(float) - 120
        for frame in (0, 1)
    )
    for a, b in ((one, two), (one[..., 0], one[..., 1]), (one[:, :-1], one[:, 1:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.03


def test_dark_parts_are_noisier_beside_their_brightness() -> None:
    ratios = []
    for level in (40, 200):
        pixels = np.full((200, 200, 3), level, np.uint8)
        noisy = SensorNoise().apply(pixels, 0.6, Moment(seed=1))
        ratios.append(LINEAR[noisy].std() / LINEAR[level])
    assert ratios[0] > 3 * ratios[1]


def test_a_better_sensor_is_quieter() -> None:
    pixels = np.full((100, 100, 3), 90, np.uint8)
    spread = [
        SensorNoise()
        .apply(pixels, 0.7, Moment(seed=1, sensor=Sensor(full_well_e=full, read_noise_e=read)))
        .std()
        for full, read in ((4_000, 6), (30_000, 1.5))
    ]
    assert spread[0] > 2 * spread[1]


def test_gain_rises_in_equal_ratios() -> None:
    assert SensorNoise().describe(0.5) == "gain ×8.0 (18 dB)"
    assert SensorNoise().describe(1.0) == "gain ×64.0 (36 dB)"


@pytest.mark.parametrize("severity", [0.3, 0.7, 1.0])
def test_mean_and_spread_are_those_of_poisson_and_normal_at_every_level(severity: float) -> None:
    chance = np.random.default_rng(0)
    white = 10_000 / 64**severity
    table = noisy_levels(white, 3.0).astype(float)
    for level in range(0, 256, 15):
        counts = chance.poisson(LINEAR[level] * white, 40_000) + chance.normal(0, 3, 40_000)
        exact = to_levels(np.clip(counts / white, 0, 1)).astype(float)
        assert table[:, level].mean() == pytest.approx(exact.mean(), abs=1)
        assert table[:, level].std() == pytest.approx(exact.std(), rel=0.04)


def test_few_electrons_are_counted_in_whole_ones() -> None:
    white, mean = 60.0, 2.0
    level = int(np.searchsorted(LINEAR, mean / white))
    counts = np.rint(LINEAR[noisy_levels(white, 0.1)[:, level]] * white).astype(int)
    mean = LINEAR[level] * white
    for count in range(5):
        poisson = np.exp(-mean) * mean**count / math.factorial(count)
        assert np.mean(counts == count) == pytest.approx(poisson, abs=0.012)
