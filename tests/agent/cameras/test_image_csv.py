"""A CSV beside images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cameras import Selection
from agent.cameras.image_csv import ImageCsv
from agent.errors import DataError
from agent.values import Box

Draw = Callable[..., Path]


def test_the_original_semicolons_and_column_names_are_read(tmp_path: Path, draw: Draw) -> None:
    draw("00000.ppm")
    (tmp_path / "GT-final_test.csv").write_text(
        "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000.ppm;40;30;5;6;35;26;16\n"
    )
    frame = ImageCsv(tmp_path).read(0)
    assert frame.truth is not None
    assert [(o.label, o.box) for o in frame.truth.objects] == [("#16", Box(5, 6, 35, 26))]


@pytest.mark.parametrize("column", ["file", "filename", "Path"])
@pytest.mark.parametrize("label", ["label", "class_id", "ClassId"])
def test_a_table_without_a_region_labels_the_whole_frame(
    tmp_path: Path, draw: Draw, column: str, label: str
) -> None:
    draw("images/a.png")
    draw("images/b.png")
    (tmp_path / "labels.csv").write_text(f"{column},{label}\na.png,stop\nimages/b.png,7\n")
    camera = ImageCsv(tmp_path / "labels.csv")
    found = [f.truth.objects[0] for f in camera.frames() if f.truth]
    assert [(thing.label, thing.box) for thing in found] == [("stop", None), ("#7", None)]


def test_rows_of_one_file_are_objects_of_one_picture(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    (tmp_path / "t.csv").write_text(
        "file,label,roi_x1,roi_y1,roi_x2,roi_y2\na.png,stop,1,1,5,5\na.png,yield,9,9,14,14\n"
    )
    camera = ImageCsv(tmp_path)
    assert len(camera) == 1
    frame = camera.read(0)
    assert frame.truth is not None
    assert [o.label for o in frame.truth.objects] == ["stop", "yield"]


def test_missing_pictures_and_bad_numbers_are_named(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    draw("b.png")
    (tmp_path / "t.csv").write_text(
        "file,label,roi_x1,roi_y1,roi_x2,roi_y2\n"
        "a.png,stop,1,1,5,5\nb.png,stop,x,1,5,5\ngone.png,stop,1,1,5,5\n"
    )
    camera = ImageCsv(tmp_path)
    assert len(camera) == 1
    assert "line 3" in camera.rejected["b.png"]
    assert "not there" in camera.rejected["gone.png"]


def test_several_tables_must_be_told_apart(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    for name in ("Train.csv", "Test.csv"):
        (tmp_path / name).write_text("Path,ClassId\na.png,1\n")
    with pytest.raises(DataError, match=r"Test\.csv, Train\.csv"):
        ImageCsv(tmp_path)
    assert len(ImageCsv(tmp_path / "Test.csv")) == 1


def test_an_id_that_the_labels_file_lacks_is_an_error(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    (tmp_path / "t.csv").write_text("file,class_id\na.png,3\n")
    (tmp_path / "names.txt").write_text("go\nstop\n")
    with pytest.raises(DataError, match="class id 3"):
        ImageCsv(tmp_path, Selection(tmp_path / "names.txt"))


def test_the_real_traffic_signs_are_1000_with_100_stop_signs(shared_data: Path) -> None:
    camera = ImageCsv(shared_data / "gtsrb_test")
    found = Counter(frame.tags["class"] for frame in camera.frames())
    assert found.total() == len(camera) == 1000
    assert found["#14"] == 100
    assert not camera.rejected
    frame = camera.read(0)
    assert frame.truth is not None
    assert frame.truth.objects[0].box == Box(7, 7, 72, 67)
