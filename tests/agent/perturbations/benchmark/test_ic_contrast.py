"""Contrast of ImageNet-C, against its definition in floats."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_contrast import IcContrast


@pytest.mark.parametrize(("level", "times"), [(1, 0.4), (2, 0.3), (3, 0.2), (4, 0.1), (5, 0.05)])
def test_each_channel_shrinks_towards_its_own_mean_and_is_cut_off_to_whole_levels(
    level: int, times: float
) -> None:
    pixels = np.random.default_rng(level).integers(0, 256, (63, 50, 3), dtype=np.uint8)
    pixels[..., 1] //= 3
    means = pixels.mean((0, 1))
    wanted = (pixels - means) * times + means
    result = IcContrast().apply(pixels, level / 5, Moment())
    np.testing.assert_allclose(result, np.floor(wanted), atol=1)
    assert (result == np.floor(wanted)).mean() > 0.99
