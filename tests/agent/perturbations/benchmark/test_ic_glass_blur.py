"""Glass blur: the law by which pixels change places."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_glass_blur import IcGlassBlur, places

LEVELS = [(1, 2), (2, 1), (2, 3), (3, 2), (4, 2)]


def one_by_one(
    height: int, width: int, delta: int, rounds: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The standard's loop over pixels, in which one is copied over the other."""
    chance = np.random.default_rng(seed)
    shown = np.arange(height * width).reshape(height, width)
    for _ in range(rounds):
        offsets = chance.integers(-delta, delta, (height, width, 2))
        for row in range(height - delta, delta, -1):
            for column in range(width - delta, delta, -1):
                across, down = offsets[row, column]
                shown[row, column] = shown[row + down, column + across]
    rows, columns = np.divmod(shown, width)
    return rows - np.arange(height)[:, None], columns - np.arange(width)


@pytest.mark.parametrize(("delta", "rounds"), LEVELS)
def test_displacements_have_the_law_of_the_standards_loop(delta: int, rounds: int) -> None:
    height, width, inner = 160, 170, np.s_[24:-24, 24:-24]
    down, across = one_by_one(height, width, delta, rounds, 5)
    made = places(height, width, delta, rounds, 6).astype(int)
    our_across = made[..., 0] - np.arange(width)
    our_down = made[..., 1] - np.arange(height)[:, None]
    for ours, theirs in ((our_down, down), (our_across, across)):
        assert ours[inner].mean() == pytest.approx(theirs[inner].mean(), abs=0.25)
        assert ours[inner].std() == pytest.approx(theirs[inner].std(), rel=0.1)
    # A round goes upwards at most its reach; downwards, what was jumbled before goes on.
    assert our_down.min() == down.min() == -delta * rounds
    still, our_still = (down | across) == 0, (our_down | our_across) == 0
    assert our_still[inner].mean() == pytest.approx(still[inner].mean(), abs=0.02)


@pytest.mark.parametrize(("delta", "rounds"), LEVELS)
def test_a_rim_stays_in_place_and_all_places_are_in_the_picture(delta: int, rounds: int) -> None:
    made = places(40, 50, delta, rounds, 1)
    rows, columns = np.mgrid[:40, :50]
    still = (made[..., 0] == columns) & (made[..., 1] == rows)
    assert still[: delta + 1].all()
    assert still[:, : delta + 1].all()
    assert still[41 - delta :].all()
    assert made.min() >= 0
    assert made[..., 0].max() < 50
    assert made[..., 1].max() < 40


def test_the_glass_stands_still_while_the_picture_moves() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    frames = [
        IcGlassBlur().apply(pixels, 0.6, Moment(seed=2, frame=n, time_s=n / 30)) for n in (0, 7)
    ]
    np.testing.assert_array_equal(*frames)
