"""Scratches: pale before the dark, streaks across them at lamps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens._film import generator
from agent.perturbations.on_lens.scratch import Scratch, _order, _wiping
from agent.values import derived_seed


@pytest.mark.parametrize("grid", [(112, 112), (160, 213), (180, 320)])
def test_there_are_scratches_enough_for_the_part_that_is_described(grid: tuple[int, int]) -> None:
    shares = [(_order(grid, seed)[0] < _order(grid, seed)[0].max()).mean() for seed in range(4)]
    assert np.mean(shares) >= 0.3


def test_a_scratch_is_pale_before_a_dark_thing_in_a_bright_scene() -> None:
    scene = np.full((240, 320, 3), 190, np.uint8)
    scene[80:160, 120:200] = 20
    for seed in range(3):
        dark = Scratch().apply(scene, 1.0, Moment(seed=seed))[90:150, 130:190]
        assert dark.min() >= 19
        assert dark.max() > 60


def test_a_lamp_draws_its_streak_at_right_angles_to_the_wiping() -> None:
    night = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(night, (160, 120), 4, (255, 255, 255), -1)
    for seed in range(4):
        way = _wiping(generator(derived_seed(seed, "scratch")))
        streak = Scratch().apply(night, 1.0, Moment(seed=seed))[..., 1].astype(float)
        cv2.circle(streak, (160, 120), 9, 0, -1)
        rows, columns = np.indices(streak.shape)
        x, y = columns - 160, rows - 120
        along = np.average((x * np.cos(way) + y * np.sin(way)) ** 2, weights=streak)
        across = np.average((y * np.cos(way) - x * np.sin(way)) ** 2, weights=streak)
        assert across > 6 * along


def test_scratches_stay_put() -> None:
    scene = np.full((120, 160, 3), 90, np.uint8)
    scene[:40] = 230
    one = Scratch().apply(scene, 0.6, Moment(seed=1))
    two = Scratch().apply(scene, 0.6, Moment(seed=1, time_s=60, frame=1800))
    np.testing.assert_array_equal(one, two)
