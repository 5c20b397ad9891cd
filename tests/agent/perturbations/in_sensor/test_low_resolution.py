"""Low resolution: detail below the factor is gone, the rest stays."""

from __future__ import annotations

import numpy as np

from agent.perturbations import Moment
from agent.perturbations.in_sensor.low_resolution import LowResolution


def test_detail_finer_than_the_factor_is_gone_and_coarser_stays() -> None:
    fine = np.zeros((64, 64, 3), np.uint8)
    fine[:, ::2] = 200
    coarse = np.zeros((64, 64, 3), np.uint8)
    coarse[:, 32:] = 200
    strong = LowResolution()
    assert strong.describe(2 / 3) == "×4.00 as far"
    assert strong.apply(fine, 2 / 3, Moment()).std() < 3
    assert strong.apply(coarse, 2 / 3, Moment())[:, :24].max() < 10
    assert strong.apply(coarse, 2 / 3, Moment())[:, 40:].min() > 190
