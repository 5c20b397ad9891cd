"""Tables of two bytes."""

from __future__ import annotations

import numpy as np

from agent.perturbations._tables import look_up


def test_it_is_indexing_by_two_arrays() -> None:
    chance = np.random.default_rng(0)
    table = chance.integers(0, 256, (256, 256), dtype=np.uint8)
    pixels = chance.integers(0, 256, (17, 31, 3), dtype=np.uint8)
    rows = chance.integers(0, 256, (17, 31, 3), dtype=np.uint8)
    np.testing.assert_array_equal(look_up(table, rows, pixels), table[rows, pixels])
    one = rows[..., 0]
    np.testing.assert_array_equal(look_up(table, one, pixels), table[one[..., None], pixels])


def test_a_picture_of_several_strips_is_whole() -> None:
    chance = np.random.default_rng(1)
    table = chance.integers(0, 256, (256, 256), dtype=np.uint8)
    pixels = chance.integers(0, 256, (301, 257, 3), dtype=np.uint8)
    rows = chance.integers(0, 256, (301, 257), dtype=np.uint8)
    np.testing.assert_array_equal(look_up(table, rows, pixels), table[rows[..., None], pixels])
