"""How labels meet by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import DataError, UsageError
from agent.vocabulary import join, normal, parse_aliases, read_names, spelled

names = st.text(min_size=1, max_size=12).filter(lambda text: normal(text) != "")


@given(st.text(max_size=30))
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@given(st.lists(names, min_size=1, unique=True))
def test_a_vocabulary_joins_itself_label_by_label(labels: list[str]) -> None:
    joined = join(labels, labels)
    assert joined.unmatched == ()
    assert all(normal(joined.mapping[label]) == normal(label) for label in labels)


@given(names, st.sampled_from([" ", "_", "-", "  ", " - "]))
def test_case_and_separators_make_no_difference(name: str, separator: str) -> None:
    data, model = f"{name}{separator}sign", f"{name} sign".upper()
    assert join([data], [model, "other"]).mapping == {data: model}


@given(st.lists(names, min_size=1, unique_by=normal), st.data())
def test_an_id_without_a_name_is_an_index_into_the_models_labels(
    labels: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(labels) - 1))
    spelling = f"#{index}"
    if normal(spelling) not in {normal(label) for label in labels}:
        assert join([spelling], labels).mapping == {spelling: labels[index]}


@given(st.lists(names, max_size=8), st.lists(names, min_size=1, max_size=8))
def test_every_label_is_either_mapped_into_the_model_or_unmatched(
    data: list[str], model: list[str]
) -> None:
    try:
        joined = join(data, model)
    except DataError:
        assert not {normal(label) for label in data} & {normal(label) for label in model}
        return
    assert set(joined.mapping) | set(joined.unmatched) == set(data)
    assert not set(joined.mapping) & set(joined.unmatched)
    assert set(joined.mapping.values()) <= set(model)


def test_an_index_beyond_the_models_labels_matches_nothing() -> None:
    assert join(["#0", "#7"], ["a", "b"]).unmatched == ("#7",)


@pytest.mark.parametrize("aliases", [{"stop": "stop sign"}, {"Stop_Sign": "STOP"}])
def test_an_alias_joins_in_either_direction(aliases: dict[str, str]) -> None:
    assert join(["stop"], ["stop sign", "yield"], aliases).mapping == {"stop": "stop sign"}


def test_an_alias_comes_before_an_equal_name() -> None:
    joined = join(["stop"], ["stop", "stop sign"], {"stop": "stop sign"})
    assert joined.mapping == {"stop": "stop sign"}


def test_an_alias_may_name_an_id() -> None:
    assert join(["#14"], ["yield", "halt"], {"#14": "halt"}).mapping == {"#14": "halt"}
    assert join(["halt"], ["yield", "go"], {"halt": "#1"}).mapping == {"halt": "go"}


def test_where_nothing_matches_both_vocabularies_and_the_likely_alias_are_told() -> None:
    model = [f"label {i}" for i in range(60)] + ["stop sign"]
    with pytest.raises(DataError) as caught:
        join(["zebra", "stop"], model)
    text = str(caught.value)
    assert "'zebra', 'stop'" in text
    assert "'label 0'" in text
    assert "49 more" in text
    assert '--alias "stop"="stop sign"' in text


def test_data_without_any_label_joins_to_nothing() -> None:
    assert join([], ["a"]).mapping == {}


def test_aliases_are_parsed_with_their_spaces() -> None:
    parsed = parse_aliases(["stop=stop sign", " a = b=c "])
    assert parsed == {"stop": "stop sign", "a": "b=c"}


@pytest.mark.parametrize("text", ["stop", "=stop", "stop=", "", "  =  "])
def test_a_malformed_alias_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="left=right"):
        parse_aliases([text])


def test_two_aliases_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two aliases"):
        parse_aliases(["a=b", "a=c"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stop\nyield\n\n", ("stop", "yield")),
        ("\ufeffstop\r\nyield\r\n", ("stop", "yield")),
        ("???\nperson\n???\n", ("???", "person", "???")),
        ("0 person\n2  stop sign\n", ("person", "#1", "stop sign")),
        ("1: person\n2: car\n", ("#0", "person", "car")),
        ("30 km/h\n50 km/h\n", ("30 km/h", "50 km/h")),
        ('ClassId,Name\n0,go\n1,"stop, now"\n', ("go", "stop, now")),
        ("a\n\nc\n", ("a", "#1", "c")),
    ],
)
def test_a_labels_file_is_read(tmp_path: Path, text: str, expected: tuple[str, ...]) -> None:
    (tmp_path / "labels.txt").write_text(text, encoding="utf-8", newline="")
    assert read_names(tmp_path / "labels.txt") == expected


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00caf\xe9"])
def test_a_labels_file_without_names_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"labels\.txt"):
        read_names(tmp_path / "labels.txt")


def test_a_missing_labels_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_names(tmp_path / "none.txt")


def test_the_real_label_files_are_read(shared_data: Path) -> None:
    models = shared_data / "models"
    assert read_names(models / "cls_gtsrb_labels_num_order.txt")[14] == "Stop"
    assert read_names(models / "cls_gtsrb_labels_num_order.csv")[14] == "Stop"
    assert read_names(models / "coco80_labels.txt")[11] == "stop sign"
    assert len(read_names(models / "cls_imagenet_labels.txt")) == 1001


def test_numbers_are_spelled_as_ids_unless_they_have_names() -> None:
    assert spelled("00014") == "#14"
    assert spelled("1", ("go", "stop")) == "stop"
    assert spelled("stop") == "stop"
    with pytest.raises(DataError, match="class id 2"):
        spelled("2", ("go", "stop"))
