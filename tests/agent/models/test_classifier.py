from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.errors import ModelError


def test_quantised_scores_are_made_real(build: Any, black: Any) -> None:
    model = build(
        "classifier",
        [np.array([[0, 64, 192]], np.uint8)],
        ("a", "b", "c"),
        quantisation=((1 / 256, 0),),
    )
    answer = model.predict(black)
    assert answer.scores.tolist() == [0, 0.25, 0.75]
    assert answer.scores.dtype == np.float32
    assert answer.labels == ("a", "b", "c")
    assert answer.detections == ()
    assert not model.detects


def test_logits_become_probabilities(build: Any, black: Any) -> None:
    logits = np.log(np.array([[1, 2, 5]], np.float32)) + 3
    model = build("classifier", [logits], ("a", "b", "c"))
    assert model.predict(black).scores == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=1e-6)


def test_probabilities_are_left_alone_even_when_they_do_not_sum_to_one(
    build: Any, black: Any
) -> None:
    model = build("classifier", [np.array([[0.9, 0.8]], np.float32)], ("a", "b"))
    assert model.predict(black).scores == pytest.approx([0.9, 0.8])


def test_every_prediction_is_counted(build: Any, black: Any) -> None:
    model = build("classifier", [np.array([[0.9, 0.1]], np.float32)], ("a", "b"))
    assert model.queries == 0
    model.predict(black)
    model.predict(black)
    assert model.queries == 2


def test_labels_must_be_as_many_as_outputs(build: Any) -> None:
    scores = np.full((1, 3), 1 / 3, np.float32)
    with pytest.raises(ModelError, match="3 classes, but there are 2 labels"):
        build("classifier", [scores], ("a", "b"))
    model = build("classifier", [scores], ("???", "a", "b", "c"), label_offset=1)
    assert model.labels == ("a", "b", "c")


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 13, 13, 425), (3,)])
def test_outputs_that_are_no_scores_are_refused(build: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"not those of kind 'classifier'.*model inspect"):
        build("classifier", [np.zeros(shape, np.float32)], ("a",) * shape[-1])


def test_what_was_run_can_be_told(build: Any) -> None:
    model = build("classifier", [np.array([[0.9, 0.1]], np.float32)], ("a", "b"))
    assert model.describe() == {
        "name": "written",
        "kind": "classifier",
        "sha256": "0" * 64,
        "runtime": "by hand",
        "file": "written.tflite",
        "input": "picture [1, 64, 64, 3] uint8",
        "threads": 1,
    }


def test_a_score_that_is_no_number_is_no_score(build: Any, black: Any) -> None:
    model = build("classifier", [np.array([[0.2, np.nan]], np.float32)], ("a", "b"))
    assert model.predict(black).scores == pytest.approx([0.2, 0])


def test_a_logit_that_is_no_number_leaves_the_others_their_shares(build: Any, black: Any) -> None:
    logits = np.array([[np.nan, 4.0, np.inf, 2.0]], np.float32)
    model = build("classifier", [logits], ("a", "b", "c", "d"))
    share = 1 / (1 + np.exp(-2))
    assert model.predict(black).scores == pytest.approx([0, share, 0, 1 - share])
