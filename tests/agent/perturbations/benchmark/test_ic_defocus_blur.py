"""Defocus blur against the whole disc in floating point."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_defocus_blur import IcDefocusBlur
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


def exact(pixels: Pixels, radius: int, alias: float) -> NDArray[np.float64]:
    """The standard's disc on its grid, softened, over the whole picture."""
    reach, side = (8, 3) if radius <= 8 else (radius, 5)
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disc = (x**2 + y**2 <= radius**2).astype(float)
    soft = cv2.GaussianBlur(disc / disc.sum(), (side, side), alias)
    return np.clip(cv2.filter2D(pixels.astype(float), -1, soft), 0, 255)


@pytest.mark.parametrize("shape", [(224, 224), (199, 301)])
@pytest.mark.parametrize(
    ("level", "radius", "alias"),
    [(1, 3, 0.1), (2, 4, 0.5), (3, 6, 0.5), (4, 8, 0.5), (5, 10, 0.5)],
)
def test_levels_are_the_standards_discs(
    level: int, radius: int, alias: float, shape: tuple[int, int]
) -> None:
    pixels = photograph(*shape)
    blurred = IcDefocusBlur().apply(pixels, level / 5, Moment())
    assert psnr(blurred, exact(pixels, radius, alias)) > 40


def test_a_point_of_light_becomes_a_disc_with_a_rim() -> None:
    pixels = np.zeros((161, 161, 3), np.uint8)
    cv2.circle(pixels, (80, 80), 3, (255, 255, 255), -1)
    light = IcDefocusBlur().apply(pixels, 1.0, Moment())[..., 0].astype(float)
    y, x = np.mgrid[:161, :161] - 80.0
    away = np.hypot(x, y)
    inside = light[away < 6]
    assert inside.std() < 0.1 * inside.mean()
    assert light[away > 15].max() < 0.05 * inside.mean()


@pytest.mark.parametrize(
    ("level", "brighter"), [(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.013), (5, 1.009)]
)
def test_a_flat_picture_stays_flat_and_as_bright_as_the_standards_discs_sum(
    level: int, brighter: float
) -> None:
    # The softened rims of levels 4 and 5 meet the end of the standard's grid and count double.
    flat = np.full((67, 91, 3), (3, 128, 200), np.uint8)
    made = IcDefocusBlur().apply(flat, level / 5, Moment())
    assert (made == made[0, 0]).all()
    assert made.mean() / flat.mean() == pytest.approx(brighter, abs=0.004)
