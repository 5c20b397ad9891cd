"""Motion blur: the trail, its taps and its angle."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_motion_blur import IcMotionBlur, trail, trailed
from agent.values import Pixels


def photograph(height: int, width: int) -> Pixels:
    """Detail of all sizes, falling in strength as in photographs, and a sign's sharp rim."""
    chance = np.random.default_rng(0)
    total = np.zeros((height, width, 3))
    for side in (4, 8, 16, 32, 64, 128):
        coarse = chance.normal(0, 1, (side, side, 3)) * 180 / side
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(120 + total, 0, 255).astype(np.uint8)
    cv2.circle(pixels, (width // 2, height // 2), 45, (190, 30, 40), -1, cv2.LINE_AA)
    return pixels


def psnr(one: Pixels, two: NDArray[np.float64]) -> float:
    return float(10 * np.log10(255**2 / np.mean((one - two) ** 2)))


def exact(pixels: Pixels, radius: int, sigma: float, angle: float) -> NDArray[np.float64]:
    """Shifted copies, one by one."""
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    height, width = pixels.shape[:2]
    wide = np.pad(pixels.astype(float), ((50, 50), (50, 50), (0, 0)), mode="edge")
    total = np.zeros(pixels.shape)
    for step, weight in zip(steps, weights / weights.sum(), strict=True):
        x = 50 + int(np.ceil(step * np.cos(np.radians(angle)) - 0.5))
        y = 50 + int(np.ceil(step * np.sin(np.radians(angle)) - 0.5))
        total += weight * wide[y : y + height, x : x + width]
    return total


@settings(max_examples=30, deadline=None)
@given(
    level=st.sampled_from([(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)]),
    angle=st.floats(-44.9, 44.9),
)
def test_at_any_angle_the_trail_is_the_sum_of_shifted_copies(
    level: tuple[int, int], angle: float
) -> None:
    pixels = photograph(120, 150)
    made = trailed(pixels, trail(*level, angle, pixels.shape))
    assert psnr(made, exact(pixels, *level, angle)) > 44


def test_the_angle_is_drawn_up_to_45_degrees_and_stays_in_a_clip() -> None:
    point = np.zeros((101, 101, 3), np.uint8)
    point[50, 50] = 255
    angles = []
    for seed in range(60):
        made = IcMotionBlur().apply(point, 1.0, Moment(seed=seed))[..., 0].astype(float)
        later = IcMotionBlur().apply(point, 1.0, Moment(seed=seed, frame=9, time_s=1.0))
        np.testing.assert_array_equal(made, later[..., 0])
        rows, columns = np.nonzero(made)
        # The trail shows what lies to the right, so a point's is drawn to the left.
        assert columns.max() == 50
        angles.append(np.degrees(np.arctan2(50 - rows[0] if rows[0] < 50 else 50 - rows[-1], 37)))
    assert min(angles) < -30
    assert max(angles) > 30
    assert max(map(abs, angles)) < 50


def test_a_flat_picture_stays_as_it_is() -> None:
    flat = np.full((67, 91, 3), (3, 128, 255), np.uint8)
    for severity in (0.1, 0.2, 0.5, 1.0):
        np.testing.assert_array_equal(IcMotionBlur().apply(flat, severity, Moment()), flat)


@pytest.mark.parametrize("severity", [0.02, 0.07])
def test_below_level_one_the_trail_shrinks_to_nothing(severity: float) -> None:
    pixels = photograph(120, 150)
    made = IcMotionBlur().apply(pixels, severity, Moment(seed=1))
    assert np.abs(made.astype(float) - pixels).mean() < 3
