"""YOLO text files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cameras import Selection
from agent.cameras.yolo_txt import YoloTxt
from agent.values import Box

Draw = Callable[..., Path]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_boxes_are_scaled_to_the_pictures_pixels(tmp_path: Path, draw: Draw) -> None:
    draw("images/val/a.png", 100, 50)
    write(tmp_path / "labels/val/a.txt", "11 0.5 0.5 0.2 0.4\n3 0.1 0.1 0.2 0.1 0.2 0.5 0.1 0.5\n")
    frame = YoloTxt(tmp_path).read(0)
    assert frame.truth is not None
    assert [o.label for o in frame.truth.objects] == ["#11", "#3"]
    boxes = [o.box for o in frame.truth.objects]
    assert boxes[0] == pytest.approx(Box(40, 15, 60, 35))
    assert boxes[1] == pytest.approx(Box(10, 5, 20, 25))


def test_a_picture_without_a_text_file_is_a_background(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    draw("b.png")
    write(tmp_path / "a.txt", "0 0.5 0.5 1 1\n")
    truths = [frame.truth for frame in YoloTxt(tmp_path).frames()]
    assert truths[1] is not None
    assert truths[1].objects == ()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("data.yaml", "path: .\nnames: ['go', \"stop sign\"]\nnc: 2\n"),
        ("data.yaml", "names:\n  - go\n  - stop sign  # the one\nnc: 2\n"),
        ("data.yml", "names:\n  0: go\n  1: 'stop sign'\n"),
        ("classes.txt", "go\nstop sign\n"),
        ("obj.names", "go\nstop sign\n"),
    ],
)
def test_names_are_found_beside_the_data(tmp_path: Path, draw: Draw, file: str, text: str) -> None:
    draw("images/a.png")
    write(tmp_path / "labels/a.txt", "1 0.5 0.5 1 1\n")
    write(tmp_path / file, text)
    assert YoloTxt(tmp_path).labels == ("stop sign",)
    assert YoloTxt(tmp_path / "images").labels == ("stop sign",)


def test_a_labels_file_given_comes_before_the_datas_own(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    write(tmp_path / "a.txt", "1 0.5 0.5 1 1\n")
    write(tmp_path / "classes.txt", "go\nstop\n")
    write(tmp_path / "mine.lst", "los\nhalt\n")
    assert YoloTxt(tmp_path, Selection(tmp_path / "mine.lst")).labels == ("halt",)


@pytest.mark.parametrize("line", ["stop 0.5 0.5 1 1", "0 0.5 0.5 1", "0 50 50 100 100", "0"])
def test_a_malformed_line_is_named_with_its_file(tmp_path: Path, draw: Draw, line: str) -> None:
    draw("a.png")
    draw("b.png")
    write(tmp_path / "a.txt", f"0 0.5 0.5 1 1\n{line}\n")
    write(tmp_path / "b.txt", "0 0.5 0.5 1 1\n")
    camera = YoloTxt(tmp_path)
    assert len(camera) == 1
    assert "line 2 of a.txt" in camera.rejected["a.png"]
