"""What simulated models see."""

from __future__ import annotations

import numpy as np
import pytest

from tools.fleet.nature import Model, seen_below


@pytest.mark.parametrize("severity", [0.2, 0.5, 0.8])
def test_the_share_that_is_seen_is_logistic_in_severity(severity: float) -> None:
    luck = (np.arange(10_000) + 0.5) / 10_000
    half, width = np.full(10_000, 0.5), np.full(10_000, 0.1)
    share = seen_below(luck, np.full(10_000, severity), half, width).mean()
    assert share == pytest.approx(1 / (1 + np.exp((severity - 0.5) / 0.1)), abs=0.001)


def test_another_build_of_a_model_is_another_file_that_sees_nearly_alike() -> None:
    first, second = Model("m"), Model("m", build=2)
    assert first.sha256 != second.sha256
    assert first.curve("fog") == Model("m").curve("fog")
    assert first.curve("fog") != second.curve("fog")
    assert first.curve("fog")[0] == pytest.approx(second.curve("fog")[0], abs=0.15)
