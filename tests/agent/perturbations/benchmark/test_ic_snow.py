"""Snow of ImageNet-C: its blend, against floats, and its flakes."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_snow import IcSnow

SHARES = (0.8, 0.7, 0.7, 0.65, 0.55)
MEANS = (0.1, 0.2, 0.55, 0.55, 0.55)
THRESHOLDS = (0.5, 0.5, 0.9, 0.85, 0.85)


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_the_picture_is_whitened_by_its_gray_and_the_same_flakes_are_added_everywhere(
    level: int,
) -> None:
    moment, severity = Moment(seed=5), level / 5
    black = np.zeros((90, 120, 3), np.uint8)
    share = SHARES[level - 1]
    flakes = IcSnow().apply(black, severity, moment)[..., 0] - 127.5 * (1 - share)
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    gray = pixels @ np.array((0.299, 0.587, 0.114))
    brighter = np.maximum(pixels, 1.5 * gray[..., None] + 127.5)
    wanted = np.minimum(share * pixels + (1 - share) * brighter + flakes[..., None], 255)
    result = IcSnow().apply(pixels, severity, moment).astype(float)
    unclipped = flakes < 255 * share - 20
    error = (result - wanted)[unclipped]
    assert np.sqrt((error**2).mean()) < 2.55  # 40 dB
    assert np.abs(error).max() <= 4


@pytest.mark.parametrize("level", [1, 3, 5])
def test_flakes_are_point_symmetric_and_as_much_as_the_law_of_their_noise(level: int) -> None:
    black = np.zeros((224, 224, 3), np.uint8)
    share = SHARES[level - 1]
    layers = []
    for seed in range(6):
        flakes = IcSnow().apply(black, level / 5, Moment(seed=seed))[..., 0]
        np.testing.assert_array_equal(flakes, flakes[::-1, ::-1])
        layers.append(flakes - 127.5 * (1 - share))
    # Two layers of what exceeds the threshold; magnified linearly, so between knots it varies
    # by 4/9 of the square: the mean of both bounds its amount on either side.
    amounts = []
    for deviation in (0.3, 0.3 * (2 / 3)):
        noise = np.random.default_rng(1).normal(MEANS[level - 1], deviation, 200_000)
        amounts.append(
            2 * 255 * np.clip(np.where(noise < THRESHOLDS[level - 1], 0, noise), 0, 1).mean()
        )
    # White saturates where flakes are dense, hence the lower bound's tolerance.
    assert 0.85 * amounts[1] < np.mean(layers) < 1.05 * amounts[0]


def test_below_the_first_level_its_snow_fades_in() -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    half, full = (IcSnow().apply(black, part, Moment(seed=1)).max() for part in (0.1, 0.2))
    assert half == pytest.approx(full / 2, abs=2)
