"""How targets fare in a prediction."""

from __future__ import annotations

import numpy as np
import pytest

from agent.metrics.matching import sight
from agent.values import Box, Detection, Prediction, Target

SIGN = Target(0, 0, "stop sign", Box(10, 10, 30, 30))
SECOND = Target(0, 1, "stop sign", Box(100, 10, 120, 30))


def detections(*items: Detection) -> Prediction:
    return Prediction(detections=items)


def test_a_detection_of_the_right_label_and_enough_overlap_is_the_target() -> None:
    seen, phantoms = sight(detections(Detection("stop sign", 0.9, Box(11, 10, 31, 30))), [SIGN])
    assert seen[0].seen
    assert seen[0].confidence == 0.9
    assert seen[0].iou == pytest.approx(0.9048, abs=1e-4)
    assert phantoms == ()


def test_a_loose_box_is_a_miss_but_no_phantom() -> None:
    seen, phantoms = sight(detections(Detection("stop sign", 0.9, Box(20, 10, 40, 30))), [SIGN])
    assert (seen[0].seen, seen[0].label, seen[0].confidence) == (False, None, 0.0)
    assert seen[0].iou == pytest.approx(1 / 3)
    assert phantoms == ()


def test_a_box_beside_the_target_is_a_miss_and_a_phantom() -> None:
    seen, phantoms = sight(detections(Detection("stop sign", 0.9, Box(28, 10, 48, 30))), [SIGN])
    assert not seen[0].seen
    assert len(phantoms) == 1


def test_another_label_in_its_place_is_a_misreading() -> None:
    seen, phantoms = sight(detections(Detection("kite", 0.7, Box(10, 10, 30, 30))), [SIGN])
    assert (seen[0].seen, seen[0].label) == (False, "kite")
    assert phantoms == ()


def test_a_second_detection_of_the_same_target_is_no_phantom() -> None:
    twice = detections(
        Detection("stop sign", 0.6, Box(10, 10, 30, 30)),
        Detection("stop sign", 0.8, Box(10, 11, 30, 31)),
    )
    seen, phantoms = sight(twice, [SIGN])
    assert seen[0].confidence == 0.8
    assert phantoms == ()


def test_two_targets_take_a_detection_each_in_their_own_order() -> None:
    both = detections(
        Detection("stop sign", 0.9, Box(100, 10, 120, 30)),
        Detection("stop sign", 0.8, Box(10, 10, 30, 30)),
    )
    seen, phantoms = sight(both, [SIGN, SECOND])
    assert [s.confidence for s in seen] == [0.8, 0.9]
    assert phantoms == ()


def test_on_a_frame_without_targets_every_detection_is_a_phantom() -> None:
    seen, phantoms = sight(detections(Detection("stop sign", 0.9, Box(0, 0, 5, 5))), [])
    assert seen == ()
    assert len(phantoms) == 1


def classified(*scores: float) -> Prediction:
    return Prediction(scores=np.array(scores, np.float32), labels=("yield", "stop", "other"))


def test_a_classifier_sees_its_target_when_the_top_label_is_the_targets() -> None:
    target = Target(0, 0, "stop")
    seen, _ = sight(classified(0.1, 0.7, 0.2), [target])
    assert (seen[0].seen, seen[0].confidence) == (True, pytest.approx(0.7))
    lost, _ = sight(classified(0.6, 0.3, 0.1), [target])
    assert (lost[0].seen, lost[0].label, lost[0].confidence) == (
        False,
        "yield",
        pytest.approx(0.3),
    )


def test_a_classifiers_phantom_is_a_label_of_interest_where_none_is() -> None:
    assert len(sight(classified(0.1, 0.7, 0.2), [], frozenset({"stop"}))[1]) == 1
    assert sight(classified(0.7, 0.1, 0.2), [], frozenset({"stop"}))[1] == ()
