from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.errors import ModelError
from agent.values import Box

SIZE = 64  # cells at strides 8, 16, 32: 64 + 16 + 4 = 84
CELLS = 84
LABELS = ("person", "stop sign", "car")


def v8(*rows: list[float], unit: float = 1.0) -> Any:
    """[1, 4+C, N]: the given candidates first, the others spread over the picture, scoreless."""
    table = np.zeros((CELLS, 4 + len(LABELS)), np.float32)
    table[:, 0] = np.linspace(0.05, 0.95, CELLS) * unit
    table[:, 1] = 0.5 * unit
    table[: len(rows)] = np.reshape(rows, (-1, 7))
    return table.T[None].copy()


def v5(*rows: list[float]) -> Any:
    """[1, N, 5+C] with the given candidates first."""
    table = np.zeros((1, 3 * CELLS, 5 + len(LABELS)), np.float32)
    table[0, : len(rows)] = np.reshape(rows, (-1, 8))
    return table


HALF = [0.5, 0.5, 0.25, 0.5]  # centre and size, as shares


def test_version_8_scores_are_class_scores(build: Any, black: Any) -> None:
    model = build("yolo", [v8([*HALF, 0.1, 0.75, 0.2])], LABELS)
    (found,) = model.predict(black).detections
    # The frame is 128 x 64: 0.5 +- 0.125 of the width, 0.5 +- 0.25 of the height.
    assert (found.label, found.score) == ("stop sign", 0.75)
    assert found.box == Box(48, 16, 80, 48)


def test_either_axis_may_hold_the_candidates(build: Any, black: Any) -> None:
    rows = v8([*HALF, 0.1, 0.75, 0.2])
    turned = build("yolo", [rows.transpose(0, 2, 1).copy()], LABELS)
    assert turned.predict(black).detections[0].box == Box(48, 16, 80, 48)
    assert len(turned.predict(black).detections) == 1


def test_version_5_scores_are_objectness_times_class(build: Any, black: Any) -> None:
    model = build("yolo", [v5([*HALF, 0.75, 0.1, 1.0, 0.2], [*HALF, 0.75, 0.6, 0, 0])], LABELS)
    (found,) = model.predict(black).detections  # the second candidate has 0.75 * 0.6 = 0.45
    assert (found.label, found.score) == ("stop sign", 0.75)
    assert found.box == Box(48, 16, 80, 48)


def test_boxes_in_input_pixels_are_recognised(build: Any, black: Any) -> None:
    pixels = [value * SIZE for value in HALF]
    model = build("yolo", [v8([*pixels, 0, 0.75, 0], unit=SIZE)], LABELS)
    assert model.predict(black).detections[0].box == Box(48, 16, 80, 48)


def test_letterboxed_boxes_are_mapped_back(build: Any, black: Any) -> None:
    model = build("yolo", [v8([*HALF, 0, 0.75, 0])], LABELS, resize="letterbox")
    # 128 x 64 fills 64 x 32 of the input, 16 rows below its top: y = (32 +- 16 - 16) * 2.
    assert model.predict(black).detections[0].box == Box(48, 0, 80, 64)


def test_doubles_are_dropped_class_by_class(build: Any, black: Any) -> None:
    near = [0.5, 0.5, 0.25, 0.48]
    rows = v8([*HALF, 0, 0.75, 0], [*near, 0, 0.875, 0], [*near, 0.625, 0, 0])
    found = build("yolo", [rows], LABELS).predict(black).detections
    assert [(d.label, d.score) for d in found] == [("stop sign", 0.875), ("person", 0.625)]
    lenient = build("yolo", [rows], LABELS, iou_threshold=0.99).predict(black).detections
    assert len(lenient) == 3


def test_a_candidate_counts_for_its_best_class_alone(build: Any, black: Any) -> None:
    rows = v8([*HALF, 0.875, 0.75, 0])
    model = build("yolo", [rows], LABELS, targets=("stop sign",))
    assert model.predict(black).detections == ()


def test_quantised_outputs_are_made_real(build: Any, black: Any) -> None:
    scale, zero_point = 1 / 64, -128
    stored = np.round(v8([*HALF, 0, 0.75, 0]) / scale + zero_point).astype(np.int8)
    model = build("yolo", [stored], LABELS, quantisation=((scale, zero_point),))
    (found,) = model.predict(black).detections
    assert (found.label, found.score, found.box) == ("stop sign", 0.75, Box(48, 16, 80, 48))


def test_a_score_at_the_threshold_counts(build: Any, black: Any) -> None:
    model = build("yolo", [v8([*HALF, 0, 0.5, 0])], LABELS)
    assert len(model.predict(black).detections) == 1
    assert build("yolo", [v8()], LABELS).predict(black).detections == ()


@pytest.mark.parametrize("rows", [v8(), v5()])
def test_labels_must_be_as_many_as_classes(build: Any, rows: Any) -> None:
    for wrong in (LABELS[:2], (*LABELS, "bus"), LABELS * 4):
        with pytest.raises(ModelError, match=f"3 classes, but there are {len(wrong)} labels"):
            build("yolo", [rows], wrong)


def test_an_offset_shifts_the_labels(build: Any) -> None:
    model = build("yolo", [v8()], ("???", *LABELS), label_offset=1)
    assert model.labels == LABELS


@pytest.mark.parametrize("shape", [(1, 13, 13, 425), (1, 300, 6), (1, 43)])
def test_heads_without_decoded_candidates_are_refused(build: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"not those of kind 'yolo'.*boxes decoded"):
        build("yolo", [np.zeros(shape, np.float32)], LABELS)
