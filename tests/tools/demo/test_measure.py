"""Measuring on drawn scenes and crops, and the bundled model on a sign it can be sure of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.card import ModelCard
from agent.geometry.sign_face import stop_face
from agent.values import Box
from tools.demo import measure
from tools.demo.drawing import IGNORE, Scene
from tools.demo.measure import Detector, crops, drawn, is_false, signs

MODEL = Path(measure.__file__).parent / "model"


def scene(*boxes: tuple[float, float, float, float, int]) -> Scene:
    given = np.array(boxes, np.float32).reshape(-1, 5)
    return Scene(np.zeros((416, 416, 3), np.uint8), given[:, :4], given[:, 4].astype(np.int8))


@pytest.mark.parametrize("stem", ["stop_sign", "stop_sign_float32"])
def test_cards_carry_the_hash_of_their_file(stem: str) -> None:
    card = ModelCard.read(MODEL / f"{stem}.toml")
    assert card.sha256 == hashlib.sha256((MODEL / f"{stem}.tflite").read_bytes()).hexdigest()
    assert card.targets == ("stop sign",)


@pytest.mark.parametrize("stem", ["stop_sign", "stop_sign_float32"])
def test_the_bundled_model_finds_a_sign_against_grey(stem: str) -> None:
    face = stop_face(120)
    picture = np.full((300, 400, 3), 120, np.uint8)
    solid = face[..., 3:] / 255
    place = picture[80:200, 150:270]
    place[:] = (face[..., :3] * solid + place * (1 - solid)).astype(np.uint8)
    (found,) = Detector(MODEL / f"{stem}.toml").find(picture)
    assert found.box.iou(Box(150, 80, 270, 200)) > 0.6


def test_a_detection_is_false_only_where_nothing_of_the_kind_is() -> None:
    given = scene((10, 10, 50, 50, 0), (100, 100, 140, 140, IGNORE), (200, 200, 240, 240, 1))
    assert signs(given) == [Box(10, 10, 50, 50)]
    assert not is_false(given, Box(12, 12, 52, 52))
    assert not is_false(given, Box(100, 100, 140, 140))
    assert is_false(given, Box(200, 200, 240, 240))


def test_drawn_signs_are_counted_by_width(monkeypatch: pytest.MonkeyPatch) -> None:
    given = scene((10, 10, 22, 22, 0), (100, 100, 140, 140, 0))
    monkeypatch.setattr(measure, "draw_scene", lambda seed, index: given)
    counts = drawn(Detector(MODEL / "stop_sign.toml"), 1, 2)
    assert counts == {
        "scenes": 2, "false": 0, "8-16 px: signs": 2, "8-16 px: found": 0,
        "32-64 px: signs": 2, "32-64 px: found": 0,
    }  # fmt: skip


def test_crops_are_padded_before_they_are_shown(tmp_path: Path) -> None:
    face = stop_face(100)
    cv2.imwrite(str(tmp_path / "sign.png"), face[..., 2::-1])
    assert crops(Detector(MODEL / "stop_sign.toml"), tmp_path, 0.5) == {"crops": 1, "found": 1}
