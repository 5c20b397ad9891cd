"""A folder of class folders; and what all labelled image sets share."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras import Selection
from agent.cameras.class_folders import ClassFolders
from agent.errors import DataError, UsageError
from agent.values import TrueObject

Draw = Callable[..., Path]


def classes(camera: ClassFolders) -> list[str]:
    return [frame.tags["class"] for frame in camera.frames()]


def test_the_folders_name_is_the_label_of_the_whole_frame(tmp_path: Path, draw: Draw) -> None:
    draw("stop/b.png")
    draw("stop/a.jpg", 50, 20)
    draw("yield/deep/c.png")
    (tmp_path / "stop" / "notes.txt").write_text("not a picture")
    frames = list(ClassFolders(tmp_path).frames())
    assert [frame.clip for frame in frames] == ["stop/a.jpg", "stop/b.png", "yield/deep/c.png"]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert frames[0].truth is not None
    assert frames[0].truth.objects == (TrueObject("stop"),)
    assert (frames[0].width, frames[0].height) == (50, 20)
    assert frames[2].tags == {"file": "yield/deep/c.png", "class": "yield"}
    assert ClassFolders(tmp_path).labels == ("stop", "yield")


def test_a_numbered_folder_is_an_id_and_a_labels_file_names_it(tmp_path: Path, draw: Draw) -> None:
    draw("data/00001/a.png")
    names = tmp_path / "names.txt"
    names.write_text("go\nstop\n")
    assert ClassFolders(tmp_path / "data").labels == ("#1",)
    assert ClassFolders(tmp_path / "data", Selection(names)).labels == ("stop",)


def test_bad_pictures_among_good_ones_are_named_and_the_run_goes_on(
    tmp_path: Path, draw: Draw
) -> None:
    draw("stop/a.png")
    whole = draw("stop/b.jpg", 200, 200)
    whole.write_bytes(whole.read_bytes()[:-900])
    draw("stop/c.png")
    camera = ClassFolders(tmp_path)
    assert [frame.index for frame in camera.frames()] == [0, 2]
    assert camera.rejected == {"stop/b.jpg": "The JPEG is truncated."}
    with pytest.raises(DataError, match=r"stop/b\.jpg"):
        camera.read(1)


def test_a_set_of_bad_pictures_only_is_an_error(tmp_path: Path, draw: Draw) -> None:
    draw("stop/a.png").write_bytes(b"")
    with pytest.raises(DataError, match="None of the 1 pictures"):
        list(ClassFolders(tmp_path).frames())


def test_any_frame_can_be_read_alone_and_after_pickling(tmp_path: Path, draw: Draw) -> None:
    for name in ("a", "b", "c"):
        draw(f"stop/{name * 3}.png")
    camera = ClassFolders(tmp_path)
    again = pickle.loads(pickle.dumps(camera))
    expected = [frame.pixels for frame in camera.frames()]
    assert all(np.array_equal(again.read(i).pixels, expected[i]) for i in (2, 0, 1))
    with pytest.raises(IndexError):
        camera.read(3)


def test_a_limit_samples_in_proportion_in_order_and_the_same_for_one_seed(
    tmp_path: Path, draw: Draw
) -> None:
    for number in range(40):
        draw(f"common/{number:02}.png", 4, 4)
        if number < 20:
            draw(f"rare/{number:02}.png", 4, 4)
    sample = ClassFolders(tmp_path, Selection(limit=30, seed=1))
    files = [frame.clip for frame in sample.frames()]
    assert Counter(classes(sample)) == {"common": 20, "rare": 10}
    assert files == sorted(files)
    assert files == [f.clip for f in ClassFolders(tmp_path, Selection(limit=30, seed=1)).frames()]
    assert files != [f.clip for f in ClassFolders(tmp_path, Selection(limit=30, seed=2)).frames()]
    assert len(ClassFolders(tmp_path, Selection(limit=99))) == 60


def test_a_limit_of_nothing_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Selection(limit=0)


def test_a_name_that_is_not_utf8_becomes_text_that_can_be_stored(tmp_path: Path) -> None:
    folder = tmp_path / "stop"
    folder.mkdir()
    raw = os.fsencode(folder) + b"/caf\xe9.png"
    with open(raw, "wb") as file:
        file.write(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    (frame,) = ClassFolders(tmp_path).frames()
    assert frame.source == "stop/caf\\xe9.png"
    assert frame.clip.encode("utf-8")
