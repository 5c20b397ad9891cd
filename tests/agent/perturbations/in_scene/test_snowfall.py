"""Snowfall: visibility by rate, drift with the wind, streaks by exposure."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.in_scene.snowfall import Snowfall, _extinction
from agent.values import Box, Sensor

DARK = np.full((240, 320, 3), 50, np.uint8)
DARK[:40] = 210


def flakes(
    severity: float, time_s: float = 0.0, exposure: float = 0.008, **wind: float
) -> np.ndarray:
    moment = Moment(seed=1, time_s=time_s, sensor=Sensor(exposure_s=exposure))
    return Snowfall(**wind).apply(DARK, severity, moment)[130:, :, 1].astype(float)


def test_visibility_agrees_with_the_observers_classes() -> None:
    """WMO: light snow leaves a kilometre or so, heavy snow (5 mm/h) less than 400 m."""
    visibility = {rate: 3.912 / _extinction(rate) for rate in (0.5, 1.0, 5.0)}
    assert visibility[0.5] > 1000
    assert 600 < visibility[1.0] < 1000
    assert visibility[5.0] < 400


@pytest.mark.parametrize("wind", [-4.0, 4.0])
def test_flakes_drift_with_the_wind_and_downward(wind: float) -> None:
    first, later = flakes(0.3, wind_m_s=wind), flakes(0.3, 0.01, wind_m_s=wind)
    first, later = first - first.mean(), later - later.mean()
    best = max(
        ((down, across) for down in range(-6, 7) for across in range(-20, 21)),
        key=lambda shift: float(
            (
                first[10:-10, 30:-30]
                * np.roll(later, (-shift[0], -shift[1]), (0, 1))[10:-10, 30:-30]
            ).sum()
        ),
    )
    assert best[0] >= 0
    assert best[1] * wind > 0


def test_a_longer_exposure_draws_flakes_out_and_thins_them() -> None:
    short, long = flakes(0.3, exposure=0.001, wind_m_s=0), flakes(0.3, exposure=0.03, wind_m_s=0)
    assert short.max() > long.max()
    drawn_out = [np.corrcoef(one[:-8].ravel(), one[8:].ravel())[0, 1] for one in (short, long)]
    assert drawn_out[1] > drawn_out[0]


def test_heavier_snow_hides_more_with_distance() -> None:
    light, heavy = flakes(0.2), flakes(1.0)
    near, far = slice(80, 110), slice(0, 15)
    assert np.median(heavy[far]) > np.median(light[far]) + 30
    assert np.median(heavy[far]) > np.median(heavy[near])


def test_flakes_beyond_the_target_are_hidden_by_it() -> None:
    box = Box(60, 60, 260, 230)
    spread = [
        Snowfall().apply(DARK, 1.0, Moment(seed=1, region=box, distance_m=away))[100:190, 110:210]
        for away in (0.6, 40.0)
    ]
    flat, snowy = (float(np.std(np.diff(one[..., 1].astype(int)))) for one in spread)
    assert flat < 0.7 * snowy
