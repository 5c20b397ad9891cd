"""Growth is told by a line that single samples cannot turn."""

from __future__ import annotations

import numpy as np
import pytest

from tools.bench.slope import steady_slope


def test_what_grows_evenly_has_its_slope() -> None:
    assert steady_slope([0, 1, 2, 3, 4], [5, 7, 9, 11, 13]) == pytest.approx(2)


def test_the_beginning_does_not_count() -> None:
    at = np.arange(0, 101.0)
    assert steady_slope(at.tolist(), np.minimum(at, 20).tolist()) == 0


def test_outliers_do_not_turn_the_line() -> None:
    chance = np.random.default_rng(1)
    at = np.arange(2000.0)
    sizes = 100 + 0.01 * at + chance.normal(0, 0.1, 2000)
    sizes[chance.choice(2000, 300, replace=False)] += chance.uniform(0, 50, 300)
    assert steady_slope(at.tolist(), sizes.tolist()) == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("points", [[], [1.0], [1.0, 1.0]])
def test_too_few_points_have_no_slope(points: list[float]) -> None:
    assert steady_slope(points, points) == 0
