"""Pascal VOC XML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cameras.voc import Voc
from agent.errors import DataError
from agent.values import Box

Draw = Callable[..., Path]

THING = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin>"
    "<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


def annotate(path: Path, filename: str, things: str, size: tuple[int, int] = (40, 30)) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"<annotation><filename>{filename}</filename><size><width>{size[0]}</width>"
        f"<height>{size[1]}</height><depth>3</depth></size>{things}</annotation>"
    )


@pytest.mark.parametrize("folder", ["annotations/", ""])
def test_boxes_are_read_from_a_folder_of_their_own_or_beside(
    tmp_path: Path, draw: Draw, folder: str
) -> None:
    draw("images/a.png" if folder else "a.png")
    things = THING.format("stop", 3, 4, 20, 21) + THING.format("7", 1, 1, 2, 2.5)
    annotate(tmp_path / f"{folder}a.xml", "a.png", things)
    for path in (tmp_path, tmp_path / folder):
        frame = Voc(path).read(0)
        assert frame.truth is not None
        assert [(o.label, o.box) for o in frame.truth.objects] == [
            ("stop", Box(3, 4, 20, 21)),
            ("#7", Box(1, 1, 2, 2.5)),
        ]


def test_a_wrong_filename_falls_back_on_the_xmls_own_name(tmp_path: Path, draw: Draw) -> None:
    draw("photo.png")
    annotate(tmp_path / "photo.xml", "IMG_0001.JPG", "", (0, 0))
    frame = Voc(tmp_path).read(0)
    assert frame.clip == "photo.png"
    assert frame.truth is not None
    assert frame.truth.objects == ()


def test_what_cannot_be_used_is_named_and_the_rest_goes_on(tmp_path: Path, draw: Draw) -> None:
    for name in ("good", "alone", "empty", "broken", "other"):
        draw(f"{name}.png")
    thing = THING.format("stop", 3, 4, 20, 21)
    annotate(tmp_path / "good.xml", "good.png", thing)
    annotate(tmp_path / "empty.xml", "empty.png", THING.format("stop", 9, 9, 3, 3))
    annotate(tmp_path / "gone.xml", "gone.png", thing)
    annotate(tmp_path / "other.xml", "other.png", thing, (640, 480))
    (tmp_path / "broken.xml").write_text("<annotation><filename>")
    camera = Voc(tmp_path)
    assert [frame.clip for frame in camera.frames()] == ["good.png"]
    assert "is empty" in camera.rejected["empty.xml"]
    assert "no picture" in camera.rejected["gone.xml"]
    assert "cannot be used" in camera.rejected["broken.xml"]
    assert "640 x 480" in camera.rejected["other.png"]
    assert "no annotation" in camera.rejected["alone.png"]


def test_broken_annotations_only_are_an_error_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_text("<annotation><filename>")
    with pytest.raises(DataError, match=r"broken\.xml"):
        Voc(tmp_path)


def test_the_real_scenes_are_56_with_46_stop_signs(shared_data: Path) -> None:
    camera = Voc(shared_data / "roadsign_voc")
    found = Counter(
        thing.label for frame in camera.frames() if frame.truth for thing in frame.truth.objects
    )
    assert len(camera) == 56
    assert found["stop"] == 46
    assert not camera.rejected
