"""Real files whose cards are known: the probe must find them from labelled photos."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.card import InputCard, ModelCard
from agent.errors import DataError, ModelError
from agent.models._load import load_model
from agent.values import Frame, TrueObject, Truth
from tools.model.probe import probe

FERANICK = "cls_gtsrb_feranick_30_uint8.tflite"


def sign_crops(data: Path, names: tuple[str, ...] = ()) -> Iterator[Frame]:
    """German traffic sign crops; the truth is ``#14``, or a name where there are names."""
    with (data / "gtsrb_test" / "labels.csv").open() as file:
        for index, row in enumerate(csv.DictReader(file)):
            bgr = cv2.imread(str(data / "gtsrb_test" / "images" / row["file"]))
            pixels = np.asarray(bgr[..., ::-1], np.uint8)
            number = int(row["class_id"])
            label = names[number] if names else f"#{number}"
            yield Frame(pixels, index, row["file"], truth=Truth((TrueObject(label),)))


@pytest.mark.parametrize(
    ("file", "card", "accuracy"),
    [
        (FERANICK, InputCard(colour="rgb", scale="raw"), 0.96),
        (
            "cls_gtsrb_nishatrhythm_32gray_float.tflite",
            InputCard(colour="gray", equalise=True, scale="unit"),
            0.92,
        ),
    ],
)
def test_the_card_of_a_sign_classifier_is_found(
    shared_data: Path, file: str, card: InputCard, accuracy: float
) -> None:
    labels = shared_data / "models" / "cls_gtsrb_labels_num_order.txt"
    ranked = probe(shared_data / "models" / file, sign_crops(shared_data), labels=labels, limit=110)
    best = ranked[0]
    assert best.card.kind == "classifier"
    assert best.card.input == card
    assert best.order == "as listed"
    assert best.card.labels == labels
    assert best.accuracy == pytest.approx(accuracy, abs=0.06)
    assert best.n > 80
    assert best.note == ""
    wrong = [c for c in ranked if c.order != "as listed"]
    assert wrong
    assert max(c.accuracy for c in wrong) < 0.3


def test_another_order_of_labels_is_found_and_written(shared_data: Path, tmp_path: Path) -> None:
    """The list is shuffled so that only its sorting as text fits the outputs."""
    true_names = (shared_data / "models" / "cls_gtsrb_labels_num_order.txt").read_text().split("\n")
    outputs = sorted(range(43), key=str)
    listed = [""] * 43
    for output, number in enumerate(outputs):
        listed[number] = true_names[output]
    given = tmp_path / "given.txt"
    given.write_text("\n".join(listed))
    model = shared_data / "models" / FERANICK
    frames = sign_crops(shared_data, tuple(true_names))
    best = probe(model, frames, labels=given, limit=100)[0]
    assert best.order == "numbers sorted as text"
    assert "--data-labels" in best.note
    assert best.accuracy > 0.9
    card, beside = best.write(tmp_path / "found.toml")
    assert beside.name == "found.labels.txt"
    assert load_model(card, checked=True).labels == tuple(true_names[:43])


def test_without_a_label_list_the_ids_are_the_labels(shared_data: Path, tmp_path: Path) -> None:
    model = shared_data / "models" / FERANICK
    best = probe(model, sign_crops(shared_data), limit=60)[0]
    assert best.labels[14] == "#14"
    assert best.accuracy > 0.9
    best.write(tmp_path / "m.toml")
    assert ModelCard.read(tmp_path / "m.toml").file == model.resolve()


def test_a_model_that_cannot_be_used_is_refused(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="takes 3 inputs"):
        probe(shared_data / "models" / "det_coral_traffic_model_256_uint8.tflite", [])
    with pytest.raises(DataError, match="No frame of the data has a label"):
        probe(shared_data / "models" / FERANICK, [])
    labels = shared_data / "models" / "coco80_labels.txt"
    with pytest.raises(ModelError, match="43 classes, but there are 80 labels"):
        probe(shared_data / "models" / FERANICK, sign_crops(shared_data), labels=labels)
    with pytest.raises(DataError, match="no boxes, and the model is a detector"):
        probe(
            shared_data / "models" / "det_yolov8n_coco_192_full_int8.tflite",
            (Frame(np.zeros((9, 9, 3), np.uint8), 0, "x", truth=Truth((TrueObject("car"),))),),
        )
