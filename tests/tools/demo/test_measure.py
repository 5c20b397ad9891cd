"""The measuring tool's geometry, and the bundled model on a sign it can be sure of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from agent.geometry.sign_face import stop_face
from tools.demo import measure

MODEL = Path(measure.__file__).parent / "model"


def test_overlap_is_intersection_over_union() -> None:
    assert measure.overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert measure.overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_letterbox_keeps_proportions_and_pads_with_grey() -> None:
    square, scale, left, top = measure.letterbox(np.full((50, 100, 3), 9, np.uint8), 416)
    assert (scale, left, top) == (4.16, 0, 104)
    assert (square[:100] == 114).all()
    assert (square[110:300] == 9).all()


@pytest.mark.parametrize("stem", ["stop_sign", "stop_sign_float32"])
def test_cards_carry_the_hash_of_their_file(stem: str) -> None:
    digest = hashlib.sha256((MODEL / f"{stem}.tflite").read_bytes()).hexdigest()
    assert f'sha256 = "{digest}"' in (MODEL / f"{stem}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("stem", ["stop_sign", "stop_sign_float32"])
def test_the_bundled_model_finds_the_regulation_sign_and_nothing_on_an_empty_wall(
    stem: str,
) -> None:
    """A converter that loses the weights writes a file that answers background to everything."""
    detector = measure.Detector(MODEL / f"{stem}.tflite")
    wall = np.full((416, 416, 3), (150, 165, 180), np.uint8)
    assert detector.find(wall) == []
    face = stop_face(140)
    share = face[..., 3:] / 255
    place = wall[120:260, 200:340]
    place[:] = (place * (1 - share) + face[..., :3] * share).astype(np.uint8)
    ((score, box),) = detector.find(wall)
    assert score >= 0.5
    assert measure.overlap(box, (200, 120, 340, 260)) > 0.8
