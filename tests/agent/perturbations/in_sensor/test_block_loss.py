"""Block loss: the share of macroblocks, lost to the end of their slices."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.in_sensor.block_loss import BlockLoss


@pytest.mark.parametrize("severity", [0.1, 0.5, 1.0])
def test_the_share_of_blocks_described_is_lost_to_the_right_of_the_hits(severity: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 100, (480, 640, 3), dtype=np.uint8)
    result = BlockLoss(concealed="grey").apply(pixels, severity, Moment(seed=3))
    blocks = (result == 128).all(2).reshape(30, 16, 40, 16).mean((1, 3))
    assert set(np.unique(blocks)) <= {0.0, 1.0}
    assert blocks.mean() == pytest.approx(0.4 * severity, abs=1 / 1200)
    assert (np.diff(blocks, axis=1) >= 0).all()
    np.testing.assert_array_equal(result[result != 128], pixels[result != 128])


def test_more_loss_takes_the_same_blocks_and_others() -> None:
    pixels = np.zeros((200, 310, 3), np.uint8)
    before = np.zeros(pixels.shape, bool)
    for part in range(1, 9):
        lost = BlockLoss(concealed="grey").apply(pixels, part / 8, Moment(seed=6)) == 128
        assert lost[before].all()
        before = lost


def test_lost_blocks_repeat_the_good_row_above_them() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    moment = Moment(seed=2)
    result = BlockLoss().apply(pixels, 0.8, moment)
    row, column = next(hit for hit in BlockLoss().lost(pixels.shape, 0.8, moment) if hit[0] > 0)
    block = result[16 * row : 16 * row + 16, 16 * column :]
    assert (block == result[16 * row - 1, 16 * column :]).all()


def test_other_slices_are_hit_after_the_next_key_frame() -> None:
    first, same, next_ = (
        BlockLoss().lost((480, 640), 0.5, Moment(seed=2, time_s=time)) for time in (0.0, 0.4, 0.6)
    )
    assert first == same
    assert first != next_


@pytest.mark.parametrize("seed", range(6))
def test_even_the_greatest_share_is_reached_in_a_small_picture(seed: int) -> None:
    hits = BlockLoss(share=0.6).lost((48, 320), 1.0, Moment(seed=seed))
    assert sum(20 - column for _, column in hits) == 36
