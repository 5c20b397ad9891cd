"""Pixelate of ImageNet-C, against means of whole pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_pixelate import IcPixelate
from agent.values import Pixels

SCALES = (0.6, 0.5, 0.4, 0.3, 0.25)


def _reference(pixels: Pixels, scale: float) -> np.ndarray:
    """Each large pixel is the mean of the pixels whose centres lie in it, by plain loops."""
    height, width = pixels.shape[:2]
    rows, columns = _lists(height, int(height * scale)), _lists(width, int(width * scale))
    large = np.array([[pixels[np.ix_(r, c)].mean((0, 1)) for c in columns] for r in rows])
    down = [int((y + 0.5) * len(rows) / height) for y in range(height)]
    along = [int((x + 0.5) * len(columns) / width) for x in range(width)]
    return large[np.ix_(down, along)]


def _lists(count: int, few: int) -> list[list[int]]:
    """Pixel p lies in large pixel i when i < (p + .5) few / count <= i + 1, in whole numbers."""
    return [
        [p for p in range(count) if 2 * count * i < (2 * p + 1) * few <= 2 * count * (i + 1)]
        for i in range(few)
    ]


@settings(max_examples=40, deadline=None)
@given(height=st.integers(16, 70), width=st.integers(16, 70), level=st.integers(1, 5))
def test_large_pixels_are_means_of_the_whole_pixels_whose_centres_they_cover(
    height: int, width: int, level: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    result = IcPixelate().apply(pixels, level / 5, Moment())
    wanted = _reference(pixels, SCALES[level - 1])
    assert np.abs(result - wanted).max() <= 0.51


@pytest.mark.parametrize("level", [1, 4, 5])
def test_scaled_small_pictures_keep_what_a_reference_picture_keeps_of_their_share(
    level: int,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8)
    coarse = IcPixelate(scaled=True).apply(pixels, level / 5, Moment())
    steps = (np.diff(coarse[:, :, 0].astype(int), axis=1) != 0).any(0).sum() + 1
    assert steps == int(448 * SCALES[level - 1] / 2)
