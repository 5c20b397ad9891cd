"""``--data PATH`` finds the format, and says what is wrong where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cameras._detect import open_data
from agent.cameras._open import open_camera
from agent.errors import CameraError, DataError, UnknownKind

Draw = Callable[..., Path]


def test_each_format_is_recognised(tmp_path: Path, draw: Draw) -> None:
    for folder in ("folders/stop", "table", "voc", "yolo/train/images", "coco", "one"):
        draw(f"{folder}/a.png")
    (tmp_path / "table" / "t.csv").write_text("file,label\na.png,stop\n")
    (tmp_path / "voc" / "a.xml").write_text("<annotation><filename>a.png</filename></annotation>")
    (tmp_path / "yolo/train/labels").mkdir()
    (tmp_path / "yolo/train/labels/a.txt").write_text("0 0.5 0.5 1 1\n")
    (tmp_path / "coco" / "c.json").write_text(
        '{"images": [{"id": 1, "file_name": "a.png"}], "annotations": []}'
    )
    kinds = {
        "folders": "class_folders",
        "table": "image_csv",
        "table/t.csv": "image_csv",
        "voc": "voc",
        "yolo": "yolo_txt",
        "coco": "coco",
        "coco/c.json": "coco",
        "one/a.png": "image",
    }
    for path, kind in kinds.items():
        camera = open_data(tmp_path / path)
        assert camera.kind == kind, path
        assert len(list(camera.frames())) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no file or folder"),
        (lambda path: path.mkdir(), "is empty"),
        (lambda path: (path / "deep").mkdir(parents=True), "no picture in"),
        (lambda path: path.write_text("hello"), "no picture, video or labels file"),
    ],
    ids=["missing", "empty folder", "no picture", "text file"],
)
def test_what_is_no_data_is_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    make(tmp_path / "data")
    with pytest.raises(DataError, match=message) as caught:
        open_data(tmp_path / "data")
    assert str(tmp_path / "data") in caught.value.message


def test_pictures_without_labels_must_be_asked_for_as_such(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    with pytest.raises(DataError, match="no labels") as caught:
        open_data(tmp_path)
    assert f"folder:{tmp_path}" in caught.value.remedy
    frame = next(open_data(f"folder:{tmp_path}").frames())
    assert frame.truth is None


def test_two_formats_at_once_must_be_told_apart(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    (tmp_path / "t.csv").write_text("file,label\na.png,stop\n")
    (tmp_path / "a.xml").write_text("<annotation><filename>a.png</filename></annotation>")
    with pytest.raises(DataError, match="2 ways") as caught:
        open_data(tmp_path)
    assert f"image_csv:{tmp_path}" in caught.value.remedy
    assert open_data(f"voc:{tmp_path}").kind == "voc"


def test_a_camera_is_opened_by_kind_or_by_path(tmp_path: Path, draw: Draw) -> None:
    picture = draw("a.png")
    assert open_camera(str(picture)).kind == "image"
    assert open_camera(f"image:{picture}").kind == "image"
    assert open_camera("drive_by").kind == "drive_by"
    assert open_camera("rtsp://127.0.0.1/a").kind == "rtsp"
    with pytest.raises(CameraError, match="/dev/video97"):
        open_camera("97")
    for absent in (str(tmp_path / "gone.mp4"), "gone.mp4", "photographs"):
        with pytest.raises(DataError, match="no file or folder"):
            open_camera(absent)


def test_the_synthetic_drive_can_be_given_as_data() -> None:
    camera = open_data("drive_by:distance=20", limit=3)
    assert camera.kind == "drive_by"
    assert len(camera) == 3


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownKind, match="drive_by") as caught:
        open_camera("drive_bye:speed=3")
    assert "rtsp" in caught.value.remedy
    with pytest.raises(UnknownKind, match="driveby"):
        open_camera("driveby")
