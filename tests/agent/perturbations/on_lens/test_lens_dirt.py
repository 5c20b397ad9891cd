"""Dirt on the lens: how much of the view it takes, and that it stays."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens.lens_dirt import LensDirt

SKY = np.full((240, 320, 3), 200, np.uint8)


@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_the_dirty_part_is_the_one_described(severity: float) -> None:
    dirty = [
        (LensDirt(density=1).apply(SKY, severity, Moment(seed=seed))[..., 1] < 128).mean()
        for seed in range(5)
    ]
    assert np.mean(dirty) == pytest.approx(0.5 * severity, abs=0.03)


def test_dirt_stays_where_it_is() -> None:
    one = LensDirt().apply(SKY, 0.6, Moment(seed=1))
    two = LensDirt().apply(SKY, 0.6, Moment(seed=1, time_s=60, frame=1800))
    np.testing.assert_array_equal(one, two)


def test_more_severity_only_darkens_a_bright_view() -> None:
    less = LensDirt().apply(SKY, 0.3, Moment(seed=1)).astype(int)
    more = LensDirt().apply(SKY, 0.8, Moment(seed=1)).astype(int)
    assert (more <= less + 1).all()
