"""Checks fail where an operation is not the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from tools.bench.fidelity import Check, apart, psnr


def test_psnr_is_that_of_the_mean_square_error() -> None:
    one = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(one, one) == 100
    assert psnr(one, one + np.uint8(1)) == pytest.approx(48.13, abs=0.01)


def test_a_check_is_met_on_the_right_side_of_its_limit() -> None:
    assert Check("defocus", "floats", "PSNR", 41.0, 40.0, at_least=True).met
    assert not Check("defocus", "floats", "PSNR", 39.0, 40.0, at_least=True).met
    assert not Check("noise", "law", "%", 6.0, 5.0).met
    assert Check("noise", "law", "%", 6.0, None).met


def test_samples_of_one_law_are_apart_by_less_than_their_sampling_error() -> None:
    chance = np.random.default_rng(3)
    within = []
    for _ in range(400):
        difference, error = apart(
            chance.normal(20, 2, 40).tolist(), chance.normal(20, 1, 40).tolist()
        )
        within.append(difference <= error)
    assert 0.92 < np.mean(within) < 0.98
