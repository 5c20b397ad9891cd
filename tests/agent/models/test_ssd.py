from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.errors import ModelError
from agent.values import Box

LABELS = ("???", "person", "stop sign")


def outputs(**changed: Any) -> dict[str, Any]:
    """Three detections, of which count says two are meant."""
    whole = {
        "boxes": [[[0.25, 0.5, 0.75, 1.5], [0, 0, 0.5, 0.25], [0, 0, 1, 1]]],
        "classes": [[1, 0, 1]],
        "scores": [[0.75, 0.625, 0.99]],
        "count": [2],
    }
    return {name: np.array(value, np.float32) for name, value in {**whole, **changed}.items()}


TF1 = ("boxes", "classes", "scores", "count")
TF2 = ("scores", "boxes", "count", "classes")


@pytest.mark.parametrize("order", [TF1, TF2])
def test_boxes_are_shares_of_the_frame_clipped_to_it(
    build: Any, black: Any, order: tuple[str, ...]
) -> None:
    parts = outputs()
    model = build("ssd", [parts[name] for name in order], LABELS, order=order, label_offset=1)
    first, second = model.predict(black).detections
    # The frame is 128 x 64; the first box is ymin .25, xmin .5, ymax .75, xmax 1.5.
    assert (first.label, first.score, first.box) == ("stop sign", 0.75, Box(64, 16, 128, 48))
    assert (second.label, second.score, second.box) == ("person", 0.625, Box(0, 0, 32, 32))
    assert model.detects


def test_only_targets_at_the_threshold_are_detections(build: Any, black: Any) -> None:
    arrays = [outputs()[name] for name in TF1]
    some = build("ssd", arrays, LABELS, label_offset=1, targets=("person",))
    assert [d.label for d in some.predict(black).detections] == ["person"]
    strict = build("ssd", arrays, LABELS, label_offset=1, score_threshold=0.7)
    assert [d.label for d in strict.predict(black).detections] == ["stop sign"]


def test_a_class_beyond_the_labels_is_dropped(build: Any, black: Any) -> None:
    parts = outputs(classes=[[7, 0, 1]])
    model = build("ssd", [parts[name] for name in TF1], LABELS, label_offset=1)
    assert [d.label for d in model.predict(black).detections] == ["person"]


def test_an_order_that_the_shapes_contradict_is_refused(build: Any) -> None:
    parts = outputs()
    with pytest.raises(ModelError, match=r"Set order under \[output\]"):
        build("ssd", [parts[name] for name in TF2], LABELS, order=TF1)


def test_classes_taken_for_scores_are_refused(build: Any) -> None:
    parts = outputs(classes=[[17, 3, 1]])
    swapped = ("boxes", "scores", "classes", "count")
    with pytest.raises(ModelError, match=r"Set order under \[output\]"):
        build("ssd", [parts[name] for name in TF1], LABELS, order=swapped)


def test_labels_are_counted_where_the_file_tells_the_number_of_classes(build: Any) -> None:
    arrays = [outputs()[name] for name in TF1]
    # Three scores an anchor: two classes and a background, or three classes.
    assert build("ssd", arrays, LABELS, label_offset=1, anchor_scores=3).labels == LABELS
    assert build("ssd", arrays, LABELS, anchor_scores=3).labels == LABELS
    with pytest.raises(ModelError, match="90 classes, but there are 3 labels"):
        build("ssd", arrays, LABELS, anchor_scores=91)


def test_other_outputs_are_refused(build: Any) -> None:
    with pytest.raises(ModelError, match="not those of kind 'ssd'"):
        build("ssd", [np.zeros((1, 43), np.float32)], ("a",) * 43)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_detection(build: Any, black: Any, broken: float) -> None:
    parts = outputs(boxes=[[[0.25, 0.5, 0.75, broken], [0, 0, 0.5, 0.25], [0, 0, 1, 1]]])
    model = build("ssd", [parts[name] for name in TF1], LABELS, label_offset=1)
    assert "person" in [d.label for d in model.predict(black).detections]
    assert all(np.isfinite(d.box).all() for d in model.predict(black).detections)
    uncounted = outputs(count=[broken])
    model = build("ssd", [uncounted[name] for name in TF1], LABELS, label_offset=1)
    assert model.predict(black).detections == ()
