"""Levels of ImageNet-C as severities."""

from __future__ import annotations

import pytest

from agent.perturbations.benchmark._imagenet_c import at_level

SIGMA = (0.08, 0.12, 0.18, 0.26, 0.38)


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_fifth_of_severity_is_a_level_exactly(level: int) -> None:
    assert at_level(SIGMA, 0.2 * level, 0.0) == SIGMA[level - 1]


def test_between_levels_constants_are_interpolated_and_below_the_first_run_to_nothing() -> None:
    assert at_level(SIGMA, 0.0, 0.0) == 0
    assert at_level(SIGMA, 0.1, 0.0) == pytest.approx(0.04)
    assert at_level(SIGMA, 0.9, 0.0) == pytest.approx(0.32)
