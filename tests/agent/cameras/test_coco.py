"""COCO json."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.cameras.coco import Coco
from agent.errors import DataError
from agent.values import Box

Draw = Callable[..., Path]


def table(**changes: Any) -> dict[str, Any]:
    whole = {
        "images": [
            {"id": 9, "file_name": "a.png", "width": 40, "height": 30},
            {"id": 4, "file_name": "b.png"},
            {"id": 5, "file_name": "gone.png"},
        ],
        "categories": [{"id": 13, "name": "stop sign"}],
        "annotations": [
            {"image_id": 9, "category_id": 13, "bbox": [1, 2, 10, 20], "iscrowd": 0},
            {"image_id": 9, "category_id": 13, "bbox": [0, 0, 40, 30], "iscrowd": 1},
            {"image_id": 9, "category_id": 7, "bbox": [3, 3, 4, 4]},
        ],
    }
    return {**whole, **changes}


@pytest.mark.parametrize(
    ("document", "picture"),
    [
        ("annotations/instances_val.json", "val/a.png"),
        ("coco.json", "images/a.png"),
        ("coco.json", "a.png"),
    ],
)
def test_boxes_names_and_pictures_are_found(
    tmp_path: Path, draw: Draw, document: str, picture: str
) -> None:
    draw(picture)
    draw(picture.replace("a.png", "b.png"))
    (tmp_path / document).parent.mkdir(exist_ok=True)
    (tmp_path / document).write_text(json.dumps(table()))
    for path in (tmp_path, tmp_path / document):
        camera = Coco(path)
        frames = list(camera.frames())
        assert [f.clip for f in frames] == [picture, picture.replace("a.png", "b.png")]
        assert all(frame.truth is not None for frame in frames)
        objects = [o for frame in frames if frame.truth for o in frame.truth.objects]
        assert [(o.label, o.box) for o in objects] == [
            ("stop sign", Box(1, 2, 11, 22)),
            ("#7", Box(3, 3, 7, 7)),
        ]
        assert list(camera.rejected) == ["gone.png"]


def test_a_json_that_lacks_parts_says_which_are_needed(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    (tmp_path / "c.json").write_text(json.dumps(table(annotations=[{"image_id": 1}])))
    with pytest.raises(DataError, match="not a whole COCO json") as caught:
        Coco(tmp_path)
    assert "category_id, bbox" in caught.value.remedy
