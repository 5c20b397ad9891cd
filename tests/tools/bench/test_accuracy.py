"""Two columns of accuracy: when a difference is more than chance."""

from __future__ import annotations

import pytest

from tools.bench.accuracy import Pair


def test_a_difference_within_the_disagreement_of_single_pictures_is_chance() -> None:
    pair = Pair("fog", 3, 200, ours=150, theirs=156, ours_only=12, theirs_only=18)
    assert pair.difference == pytest.approx(-0.03)
    assert pair.half_width == pytest.approx(1.96 * (30 - 36 / 200) ** 0.5 / 200)
    assert pair.within


def test_a_one_sided_disagreement_is_not() -> None:
    assert not Pair("fog", 3, 200, ours=130, theirs=156, ours_only=2, theirs_only=28).within


def test_one_picture_of_difference_is_never_more_than_chance() -> None:
    assert Pair("fog", 1, 200, ours=200, theirs=199, ours_only=1, theirs_only=0).within
