"""Drawn scenes repeat by seed, and their boxes say where the signs are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from tools.demo.drawing import CLASSES, IGNORE, Scene, draw_scene
from tools.demo.drawing.distractors import distractor
from tools.demo.drawing.hanging import face_outline
from tools.demo.drawing.signs import VARIANTS, face

COUNT = 40


@lru_cache
def scenes() -> tuple[Scene, ...]:
    return tuple(draw_scene(5, index) for index in range(COUNT))


def test_a_scene_follows_from_seed_and_index_alone() -> None:
    """Whatever was drawn before, and by whichever process."""
    for index in (0, 17):
        again = draw_scene(5, index)
        assert np.array_equal(again.pixels, scenes()[index].pixels)
        assert np.array_equal(again.boxes, scenes()[index].boxes)
    assert not np.array_equal(draw_scene(6, 0).pixels, scenes()[0].pixels)


def test_pictures_are_square_and_boxes_lie_inside_them() -> None:
    for scene in scenes():
        assert scene.pixels.shape == (416, 416, 3)
        assert scene.pixels.dtype == np.uint8
        assert len(scene.boxes) == len(scene.labels)
        if len(scene.boxes):
            assert scene.boxes.min() >= 0
            assert scene.boxes.max() <= 416
            assert (scene.boxes[:, 2:] - scene.boxes[:, :2] >= 4).all()


def test_every_class_is_drawn_and_the_stop_sign_most() -> None:
    labels = np.concatenate([scene.labels for scene in scenes()])
    counts = [(labels == index).sum() for index in range(len(CLASSES))]
    assert min(counts) > 0
    assert counts[0] == max(counts)
    assert (labels == IGNORE).mean() < 0.35
    assert any(len(scene.labels) == 0 for scene in scenes())


def test_a_box_is_where_a_sign_can_be_seen() -> None:
    """Inside a counted box there is contrast; a label never marks a blank patch."""
    for scene in scenes():
        for box, label in zip(scene.boxes, scene.labels, strict=True):
            if label != IGNORE:
                left, top, right, bottom = box.round().astype(int)
                assert scene.pixels[top:bottom, left:right].std() > 2


@pytest.mark.parametrize("label", range(len(CLASSES)))
def test_faces_touch_their_outline(label: int) -> None:
    for variant in range(0, VARIANTS[label], 8):
        alpha = face(label, variant)[..., 3]
        corners = face_outline(label, variant)
        assert 0 <= corners.min() < 0.05
        assert 0.95 < corners.max() <= 1
        assert 0.3 < (alpha > 127).mean() <= 1


def test_what_is_shared_between_scenes_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        face(0, 0)[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        distractor(np.random.default_rng(0))[0, 0] = 0
