"""The maps the network learns decode back to the boxes they were made from."""

from __future__ import annotations

import numpy as np

from tools.demo.drawing import IGNORE
from tools.demo.targets import targets

SIGN = np.array([[100, 60, 164, 132]], np.float32)


def test_a_peak_decodes_to_its_box() -> None:
    """As the model's contract has it: centre (j + dx) * 8, size 32 * exp(.)."""
    heat, _, regression = targets(SIGN, np.array([2], np.int8), 416)
    row, column = np.unravel_index(int(heat[..., 2].argmax()), heat.shape[:2])
    dx, dy, wide, tall, weight = regression[row, column].astype(float)
    assert heat[row, column, 2] == 1
    assert weight == 1
    centre = np.array([(column + dx) * 8, (row + dy) * 8])
    assert np.allclose(centre, (132, 96), atol=0.05)
    assert np.allclose(32 * np.exp([wide, tall]), (64, 72), rtol=0.01)


def test_there_is_one_peak_for_each_object_and_none_for_other_classes() -> None:
    heat, counts, _ = targets(SIGN, np.array([0], np.int8), 416)
    assert (heat[..., 0] > 0.999).sum() == 1
    assert not heat[..., 1:].any()
    assert counts.all()


def test_ignored_objects_neither_count_nor_teach() -> None:
    heat, counts, regression = targets(SIGN, np.array([IGNORE], np.int8), 416)
    assert not heat.any()
    assert not regression.any()
    assert not counts[8:16, 13:20].any()
    assert counts[0, 0] == 1


def test_a_scene_without_signs_is_all_background() -> None:
    heat, counts, _ = targets(np.zeros((0, 4), np.float32), np.zeros(0, np.int8), 416)
    assert heat.shape == (52, 52, 4)
    assert not heat.any()
    assert counts.all()
