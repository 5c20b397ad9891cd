"""Frost of ImageNet-C: its weights, and textures alike in statistics to the standard's."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark._frost import Ice, crop
from agent.perturbations.benchmark.ic_frost import _CHOICE, IcFrost

WEIGHTS = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_level_weighs_picture_and_ice_as_the_standard_does(level: int) -> None:
    own, added = WEIGHTS[level - 1]
    black = np.zeros((120, 160, 3), np.uint8)
    ice = IcFrost().apply(black, level / 5, Moment(seed=4)).astype(float)
    pixels = np.random.default_rng(0).integers(0, 256, black.shape, dtype=np.uint8)
    result = IcFrost().apply(pixels, level / 5, Moment(seed=4))
    wanted = np.minimum(own * pixels + ice, 255)
    np.testing.assert_allclose(result, wanted, atol=1.5)
    assert ice.max() <= 255 * added


@pytest.mark.parametrize("ice", dict.fromkeys(_CHOICE), ids=lambda ice: ice.drawing)
def test_a_texture_has_the_brightness_and_colour_that_it_is_given(ice: Ice) -> None:
    pixels = crop(ice, 0, 0, ice.size)
    assert pixels.shape == (*ice.size, 3)
    np.testing.assert_allclose(pixels.mean((0, 1)), ice.colour, atol=2.5)
    gray = pixels @ np.array((0.299, 0.587, 0.114))
    found = np.percentile(gray, (5, 12, 25, 50, 75, 88, 95))
    np.testing.assert_allclose(found, ice.quantiles[5:12], atol=3)


def test_bright_needles_are_drawn_twice_as_often_as_any_other_ice() -> None:
    black = np.zeros((32, 32, 3), np.uint8)
    bright = [
        IcFrost().apply(black, 1.0, Moment(seed=seed)).mean() / 0.75 > 185 for seed in range(300)
    ]
    assert np.mean(bright) == pytest.approx(0.4, abs=0.09)


@pytest.mark.parametrize("shape", [(480, 640), (720, 1280)])
def test_a_picture_larger_than_a_texture_is_covered(shape: tuple[int, int]) -> None:
    black = np.zeros((*shape, 3), np.uint8)
    for seed in range(4):
        result = IcFrost().apply(black, 1.0, Moment(seed=seed))
        assert (result.max((0, 2)) > 10).all()
        assert (result.max((1, 2)) > 10).all()
