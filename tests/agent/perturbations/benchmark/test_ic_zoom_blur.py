"""Zoom blur against its enlargements made one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import ceil

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_zoom_blur import IcZoomBlur, enlargements
from agent.values import Pixels

ZOOMS = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))


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


def enlarged(pixels: NDArray[np.float64], zoom: float) -> NDArray[np.float64]:
    """The middle cut, its first and last pixels' centres on those of the enlarged picture."""
    axes = []
    for side in pixels.shape[:2]:
        cut = ceil(side / zoom)
        axes.append((np.arange(side) * (cut - 1) / (round(cut * zoom) - 1), (side - cut) // 2))
    (rows, top), (columns, left) = axes
    x, y = np.meshgrid((columns + left).astype(np.float32), (rows + top).astype(np.float32))
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=border))


@pytest.mark.parametrize("shape", [(224, 224), (199, 301)])
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_levels_are_the_means_of_the_standards_enlargements(
    level: int, shape: tuple[int, int]
) -> None:
    pixels = photograph(*shape)
    factors = np.arange(1, *ZOOMS[level - 1])
    layers = [enlarged(pixels.astype(float), zoom) for zoom in factors]
    mean = np.mean([pixels.astype(float), *layers], axis=0)
    made = IcZoomBlur().apply(pixels, level / 5, Moment())
    assert psnr(made, mean) > 40


def test_the_levels_have_as_many_enlargements_as_the_standards_code() -> None:
    # arange(1, 1.11, .01) reaches 1.11 by the rounding of binary fractions.
    assert [len(enlargements(level / 5)) for level in range(1, 6)] == [12, 16, 11, 13, 11]


def test_the_middle_stays_sharp_and_the_rim_streaks_outward() -> None:
    pixels = np.zeros((224, 224, 3), np.uint8)
    pixels[110:114, 110:114] = 255
    pixels[110:114, 190:194] = 255
    made = IcZoomBlur().apply(pixels, 1.0, Moment())[..., 0]
    assert made[112, 112] > 200
    assert made[112, 191] < 90
    assert made[112, 200:212].max() > 10
    assert made[130:, 191].max() == 0


def test_threads_that_blur_at_once_do_not_write_into_each_others_pictures() -> None:
    pictures = [photograph(150 + 10 * n, 200) for n in range(4)]
    alone = [IcZoomBlur().apply(pixels, 0.4, Moment()) for pixels in pictures]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(5):
            together = threads.map(
                lambda pixels: IcZoomBlur().apply(pixels, 0.4, Moment()), pictures
            )
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)
