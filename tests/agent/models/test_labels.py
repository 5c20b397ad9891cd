from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from agent.card import ModelCard
from agent.errors import ModelError
from agent.models._labels import by_output, embedded_labels, labels_of, targets_of


def card(file: Path, labels: Path | None = None, targets: tuple[str, ...] = ()) -> ModelCard:
    return ModelCard(file=file, kind="classifier", labels=labels, targets=targets)


def with_zip(path: Path, **files: str) -> Path:
    """A file with a zip appended, as TFLite metadata does it."""
    path.write_bytes(b"\x18\0\0\0TFL3" + bytes(100))
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_txt", ".txt").replace("_json", ".json"), text)
    return path


@pytest.mark.parametrize("name", ["labels_txt", "labelmap_txt", "label_map_txt", "my_labels_txt"])
def test_labels_inside_the_file_are_read_when_the_card_names_none(
    tmp_path: Path, name: str
) -> None:
    model = with_zip(tmp_path / "m.tflite", **{name: "stop\n???\nyield\n"})
    assert labels_of(card(model)) == ("stop", "???", "yield")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temp_meta_txt", "{'names': {0: 'stop', 2: 'yield'}, 'task': 'detect'}"),
        ("metadata_json", '{"names": {"0": "stop", "2": "yield"}, "task": "detect"}'),
    ],
)
def test_names_in_ultralytics_metadata_are_read(tmp_path: Path, name: str, text: str) -> None:
    model = with_zip(tmp_path / "m.tflite", **{name: text})
    assert embedded_labels(model) == ("stop", "#1", "yield")


def test_metadata_that_is_no_list_of_names_is_passed_over(tmp_path: Path) -> None:
    model = with_zip(tmp_path / "m.tflite", a_txt="{'names': {'one': 1}}", b_json="{", c_txt="hi")
    assert embedded_labels(model) == ()
    assert embedded_labels(tmp_path / "nowhere") == ()


def test_a_blank_first_line_is_still_the_first_label(tmp_path: Path) -> None:
    model = with_zip(tmp_path / "m.tflite", labels_txt="\nstop\n\n")
    assert embedded_labels(model) == ("#0", "stop")


def test_the_cards_own_list_goes_first(tmp_path: Path) -> None:
    model = with_zip(tmp_path / "m.tflite", labels_txt="inside\n")
    own = tmp_path / "l.txt"
    own.write_text("outside\n")
    assert labels_of(card(model, own)) == ("outside",)


def test_no_labels_at_all_is_an_error_that_says_what_to_add(tmp_path: Path) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(b"\x18\0\0\0TFL3")
    with pytest.raises(ModelError, match=r'labels = "labels\.txt"'):
        labels_of(card(model))
    with pytest.raises(ModelError, match=r"none\.txt cannot be read"):
        labels_of(card(model, tmp_path / "none.txt"))


def test_a_label_is_the_line_at_index_plus_offset() -> None:
    assert by_output(("a", "b"), 2, 0, "m") == ("a", "b")
    assert by_output(("???", "a", "b"), 2, 1, "m") == ("a", "b")
    assert by_output(("a", "b"), 3, -1, "m") == ("background", "a", "b")


def test_a_list_of_the_wrong_length_is_refused_with_both_numbers() -> None:
    with pytest.raises(ModelError, match="has 43 classes, but there are 40 labels"):
        by_output(["x"] * 40, 43, 0, "m.tflite")
    with pytest.raises(ModelError, match=r"2 classes.*3 labels.*label_offset = 1 "):
        by_output(("???", "a", "b"), 2, 0, "m")
    with pytest.raises(ModelError, match=r"3 classes.*2 labels.*label_offset = -1 "):
        by_output(("a", "b"), 3, 0, "m")


def test_targets_are_all_labels_unless_the_card_names_some() -> None:
    file = Path("m")
    assert targets_of(card(file), ("crane", "bird", "crane")) == ("crane", "bird")
    assert targets_of(card(file, targets=("bird",)), ("crane", "bird")) == ("bird",)
    with pytest.raises(ModelError, match="'stop' is none of the model's 2 labels: crane, bird"):
        targets_of(card(file, targets=("stop",)), ("crane", "bird"))
