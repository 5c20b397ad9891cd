"""Headlight glare: two lamps that come nearer, beside the target."""

from __future__ import annotations

import numpy as np

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_scene.headlight_glare import HeadlightGlare
from agent.values import Box

DARK = np.full((480, 640, 3), 20, np.uint8)


def burnt(severity: float, moment: Moment, **parameters: object) -> np.ndarray:
    kind = HeadlightGlare.model_validate(parameters)
    return np.argwhere(kind.apply(DARK, severity, moment)[..., 1] == 255)


def test_two_lamps_can_be_told_apart_when_weak() -> None:
    places = burnt(0.1, Moment(seed=1), streaks=0)
    columns = np.unique(places[:, 1])
    assert (np.diff(columns) > 1).sum() == 1


def test_oncoming_lamps_spread_and_move_to_their_side() -> None:
    far, near = (burnt(0.05, Moment(seed=1, time_s=time), streaks=0) for time in (0.0, 1.0))
    assert np.ptp(near[:, 1]) > 1.3 * np.ptp(far[:, 1])
    assert near[:, 1].mean() < far[:, 1].mean() < 320
    left = burnt(0.05, Moment(seed=1, time_s=1.0), streaks=0, drive_on="left")
    assert left[:, 1].mean() > 320


def test_lamps_never_stand_before_the_target() -> None:
    box = Box(240, 200, 330, 290)
    places = burnt(0.1, Moment(seed=1, region=box), streaks=0)
    assert not len(places) or places[:, 1].max() < 250


def test_another_vehicle_follows() -> None:
    one = HeadlightGlare().apply(DARK, 0.5, Moment(seed=1, time_s=0.4))
    period = (70 - 6) / 20
    again = HeadlightGlare().apply(DARK, 0.5, Moment(seed=1, time_s=0.4 + period))
    assert np.abs(one.astype(int) - again).max() <= 1


def test_the_veil_is_proportional_to_the_lamps_light() -> None:
    black = np.zeros_like(DARK)
    kinds = [HeadlightGlare(brightest_lx=lux, metering_ev=0, streaks=0) for lux in (2.0, 8.0)]
    weak, strong = (LINEAR[kind.apply(black, 1.0, Moment(seed=1))[40, 600, 1]] for kind in kinds)
    assert 3.0 < strong / weak < 5.2


def test_the_vehicle_keeps_to_its_lane_wherever_the_target_is() -> None:
    one, later = (
        HeadlightGlare().apply(DARK, 0.3, Moment(seed=1, region=Box(x, 20, x + 30, 50)))
        for x in (60, 300)
    )
    np.testing.assert_array_equal(one[100:], later[100:])
