"""Gaussian blur against the whole kernel in floating point."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_gaussian_blur import IcGaussianBlur
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


def exact(pixels: Pixels, sigma: float) -> NDArray[np.float64]:
    reach = int(4 * sigma + 0.5)
    row = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    row /= row.sum()
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.sepFilter2D(pixels.astype(float), -1, row, row, borderType=border))


@pytest.mark.parametrize("shape", [(224, 224), (199, 301)])
@pytest.mark.parametrize(("level", "sigma"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6)])
def test_levels_are_the_standards_spreads(level: int, sigma: float, shape: tuple[int, int]) -> None:
    pixels = photograph(*shape)
    blurred = IcGaussianBlur().apply(pixels, level / 5, Moment())
    assert psnr(blurred, exact(pixels, sigma)) > 42


@pytest.mark.parametrize("severity", [0.25, 0.33, 0.5, 0.9])
def test_between_levels_the_spread_is_interpolated(severity: float) -> None:
    sigma = np.interp(5 * severity, range(6), (0, 1, 2, 3, 4, 6))
    pixels = photograph(180, 240)
    blurred = IcGaussianBlur().apply(pixels, severity, Moment())
    assert psnr(blurred, exact(pixels, float(sigma))) > 42


def test_a_flat_picture_stays_as_it_is() -> None:
    for severity in (0.2, 0.4, 0.6, 0.8, 1.0):
        flat = np.full((67, 91, 3), (3, 128, 255), np.uint8)
        np.testing.assert_array_equal(IcGaussianBlur().apply(flat, severity, Moment()), flat)


def test_scaled_a_picture_twice_as_large_is_blurred_twice_as_far() -> None:
    pixels = photograph(448, 500)
    blurred = IcGaussianBlur(scaled=True).apply(pixels, 0.6, Moment())
    assert psnr(blurred, exact(pixels, 6.0)) > 42
