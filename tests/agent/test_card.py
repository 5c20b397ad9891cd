from __future__ import annotations

from pathlib import Path

import pytest

from agent.card import ModelCard
from agent.errors import ModelError


def written(folder: Path, text: str) -> Path:
    path = folder / "model.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_but_file_and_kind_have_defaults(tmp_path: Path) -> None:
    card = ModelCard.read(written(tmp_path, 'file = "m.tflite"\nkind = "yolo"\n'))
    assert card.input.colour == "rgb"
    assert card.input.resize == "stretch"
    assert card.input.pad == 114
    assert card.input.scale == "raw"
    assert not card.input.equalise
    assert card.output.order == ("boxes", "classes", "scores", "count")
    assert card.output.label_offset == 0
    assert card.output.score_threshold == 0.5
    assert card.output.iou_threshold == 0.45
    assert card.targets == ()
    assert card.labels is None
    assert card.sha256 is None


def test_paths_are_those_of_the_cards_own_folder(tmp_path: Path) -> None:
    text = 'file = "m.tflite"\nkind = "ssd"\nlabels = "sub/l.txt"\n'
    card = ModelCard.read(written(tmp_path, text))
    assert card.file == tmp_path.resolve() / "m.tflite"
    assert card.labels == tmp_path.resolve() / "sub" / "l.txt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "ssd"\n', "file: is missing"),
        ('file = "m"\nkind = "ssd"\ncolour = "rgb"\n', "colour: no such key"),
        ('file = "m"\nkind = "ssd"\n[input]\ncolour = "yuv"\n', "input.colour: "),
        ('file = "m"\nkind = "ssd"\n[input]\npad = 300\n', "input.pad: "),
        ('file = "m"\nkind = "ssd"\n[input]\nequalise = true\n', "equalise is for"),
        ('file = "m"\nkind = "ssd"\n[output]\nscore_threshold = 2\n', "output.score_threshold: "),
        (
            'file = "m"\nkind = "ssd"\n[output]\norder = ["boxes", "boxes", "count", "scores"]\n',
            "order names each of",
        ),
        ('file = "m"\nkind = "ssd"\nsha256 = "12"\n', "sha256: "),
        ('file = "m"\nkind = "ssd"\nschema = "fieldproof.model/2"\n', "fieldproof.model/1"),
        ("file = \n", "is not TOML"),
    ],
)
def test_a_wrong_card_is_refused_by_the_key_that_is_wrong(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        ModelCard.read(written(tmp_path, text))
    assert caught.value.exit_code == 65
    assert "model.toml" in str(caught.value)


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model card .*nowhere\.toml"):
        ModelCard.read(tmp_path / "nowhere.toml")


def test_a_model_file_in_place_of_its_card_leads_to_the_card(tmp_path: Path) -> None:
    model = tmp_path / "sign.tflite"
    model.write_bytes(b"\x18\0\0\0TFL3" + bytes(16))
    with pytest.raises(ModelError, match="fieldproof model probe"):
        ModelCard.read(model)
    (tmp_path / "sign.toml").write_text("")
    with pytest.raises(ModelError, match=r"one beside it: give .*sign\.toml"):
        ModelCard.read(model)


def test_a_card_survives_being_written_and_read(tmp_path: Path) -> None:
    text = (
        'file = "m.tflite"\nkind = "ssd"\ntargets = ["stop \\"sign\\"", "Halt; ß 🛑"]\n'
        '[input]\ncolour = "gray"\nequalise = true\nscale = "unit"\n'
        '[output]\norder = ["scores", "boxes", "count", "classes"]\nlabel_offset = -1\n'
        '[aliases]\n"stop, big" = "stop sign"\nhalt = "stop sign"\n'
    )
    card = ModelCard.read(written(tmp_path, text))
    assert ModelCard.read(written(tmp_path, card.to_toml())) == card
    assert card.to_toml().startswith('schema = "fieldproof.model/1"\n')
    assert "pad" not in card.to_toml()
