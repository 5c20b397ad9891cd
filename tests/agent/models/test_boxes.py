from __future__ import annotations

import numpy as np

from agent.models._boxes import detections, from_centres, suppress
from agent.values import Box, Detection


def test_the_weaker_of_two_overlapping_boxes_of_a_class_goes() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 3]], np.float32)
    scores = np.array([0.6, 0.9, 0.7], np.float32)
    same = np.zeros(3, np.int64)
    # Overlaps with the strongest (10 x 9): 90/100 = 0.9 and 30/90 = 0.33.
    assert suppress(boxes, scores, same, 0.45).tolist() == [1, 2]
    assert suppress(boxes, scores, same, 0.3).tolist() == [1]
    assert suppress(boxes, scores, np.arange(3), 0.3).tolist() == [1, 2, 0]


def test_a_box_that_was_dropped_drops_no_other() -> None:
    row = np.array([[0, 0, 10, 1], [5, 0, 15, 1], [10, 0, 20, 1]], np.float32)
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    assert suppress(row, scores, np.zeros(3, np.int64), 0.3).tolist() == [0, 2]


def test_no_boxes_are_no_detections() -> None:
    none = np.zeros((0, 4), np.float32)
    kept = suppress(none, np.zeros(0, np.float32), np.zeros(0, np.int64), 0.5)
    assert kept.shape == (0,)
    assert detections(none, np.zeros(0, np.float32), kept, ("a",)) == ()


def test_centres_become_corners() -> None:
    assert from_centres(np.array([[5, 6, 4, 2]], np.float32)).tolist() == [[3, 5, 7, 7]]


def test_detections_come_highest_score_first_without_the_empty_ones() -> None:
    boxes = np.array([[0, 0, 1, 1], [2, 2, 2, 5], [0, 0, 3, 3]], np.float32)
    scores = np.array([0.5, 0.9, 0.75], np.float32)
    found = detections(boxes, scores, np.array([0, 0, 1]), ("a", "b"))
    assert found == (Detection("b", 0.75, Box(0, 0, 3, 3)), Detection("a", 0.5, Box(0, 0, 1, 1)))
