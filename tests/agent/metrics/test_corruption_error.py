"""Corruption error against figures published for ResNet-50."""

from __future__ import annotations

import pytest

from agent.metrics.corruption_error import ALEXNET, corruption_error, mean_corruption_error


@pytest.mark.parametrize(
    ("corruption", "top1", "ce"),
    [("brightness", 0.6802, 0.5664), ("gaussian_noise", 0.2929, 0.7977)],
)
def test_resnet_50_has_its_published_corruption_errors(
    corruption: str, top1: float, ce: float
) -> None:
    assert corruption_error(corruption, [1 - top1] * 5) == pytest.approx(ce, abs=5e-4)


def test_alexnets_own_mean_corruption_error_is_one() -> None:
    assert mean_corruption_error(ALEXNET) == pytest.approx(1)
    assert len(ALEXNET) == 15
    assert sum(ALEXNET["snow"]) / 5 == pytest.approx(0.866816)
    assert sum(ALEXNET["elastic"]) / 5 == pytest.approx(0.646056)


def test_the_four_extra_corruptions_do_not_count_and_a_missing_level_leaves_no_figure() -> None:
    errors = {**ALEXNET, "saturate": (0.0,) * 5}
    assert mean_corruption_error(errors) == pytest.approx(1)
    assert mean_corruption_error({**ALEXNET, "snow": (0.5,) * 4}) is None
    assert mean_corruption_error({}) is None
    with pytest.raises(ValueError, match="5 levels, not 4"):
        corruption_error("snow", (0.5,) * 4)
