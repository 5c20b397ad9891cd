"""Banding: twice the mains' frequency over the read-out, evened out by the exposure."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment
from agent.perturbations.in_sensor.banding import Banding
from agent.values import Sensor


@pytest.mark.parametrize(("mains", "waves"), [(50, 2.0), (60, 2.4)])
def test_so_many_bands_fit_into_the_read_out(mains: int, waves: float) -> None:
    bands = Banding.model_validate({"mains_hz": mains, "exposure_s": 0.001})
    gains = bands.row_gains((4800, 64), 1.0, Moment(seed=3)) - 1
    crossings = int(np.count_nonzero(np.diff(np.sign(gains))))
    assert crossings == pytest.approx(2 * waves, abs=1)


def test_an_exposure_of_whole_periods_shows_no_bands() -> None:
    moment = Moment(sensor=Sensor(exposure_s=0.02))
    assert Banding().row_gains((480, 640), 1.0, moment) == pytest.approx(1.0)
    bright = Moment(sensor=Sensor(exposure_s=0.0005))
    assert Banding().row_gains((480, 640), 1.0, bright).max() > 1.95


def test_gains_are_the_mean_of_the_flicker_over_each_rows_exposure() -> None:
    moment = Moment(seed=4, time_s=0.3, sensor=Sensor(exposure_s=0.004))
    instant = Banding(exposure_s=1e-6)
    # A row of a much higher picture starts every 20 ms / 48000: 9600 of them last 4 ms.
    fine = instant.row_gains((48_000, 64), 0.6, moment)
    gains = Banding().row_gains((480, 64), 0.6, moment)
    means = [fine[100 * row : 100 * row + 9600].mean() for row in range(0, 380, 20)]
    assert gains[0:380:20] == pytest.approx(means, abs=0.002)


@pytest.mark.parametrize("exposure", [0.008, 0.002])
def test_rows_are_scaled_in_light(exposure: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (240, 90, 3), dtype=np.uint8)
    moment = Moment(seed=1, sensor=Sensor(exposure_s=exposure))
    gains = Banding().row_gains(pixels.shape, 0.8, moment)
    exact = to_levels(LINEAR[pixels] * gains[:, None, None]).astype(float)
    error = Banding().apply(pixels, 0.8, moment) - exact
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 45


def test_bands_wander_with_time_and_return_after_a_period() -> None:
    at = [
        Banding().row_gains((480, 640), 1.0, Moment(seed=2, time_s=time))
        for time in (0.0, 1 / 30, 0.1)
    ]
    assert np.abs(at[0] - at[1]).max() > 0.1
    assert at[0] == pytest.approx(at[2])
