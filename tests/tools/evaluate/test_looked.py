"""An examination travels exactly, and nothing but an examination is ever built from bytes."""

from __future__ import annotations

import os
import pickle
import zlib
from pathlib import Path

import pytest

from agent.assembly import Examiner
from tools.evaluate.data import DataSpec
from tools.evaluate.looked import Looked, decode, encode, look


def cards(shared: Path) -> list[Path]:
    return [shared / "models" / name for name in ("feranick.toml", "yolov8n192.toml")]


def test_what_real_models_see_comes_back_equal(shared_data: Path) -> None:
    sources = ("gtsrb_test", "roadsign_voc")
    for card, source in zip(cards(shared_data), sources, strict=True):
        camera = DataSpec(str(shared_data / source), limit=3).open()
        session, _ = Examiner(card, suite="none").open(None)
        for index in range(3):
            looked = look(camera, session, index)
            assert looked.examination is not None
            assert decode(encode(looked)) == looked


def test_a_bad_picture_is_named_once_and_not_kept_in_the_camera(tmp_path: Path) -> None:
    (tmp_path / "stop").mkdir()
    (tmp_path / "stop" / "empty.png").write_bytes(b"")
    camera = DataSpec(str(tmp_path)).open()
    for _ in range(2):
        looked = look(camera, None, 0)  # type: ignore[arg-type]
        assert (looked.source, looked.examination) == ("stop/empty.png", None)
    assert camera.rejected == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zlib",
        zlib.compress(b"no pickle"),
        zlib.compress(pickle.dumps(Path("x"))),
        zlib.compress(pickle.dumps(os.system)),
        zlib.compress(pickle.dumps({"a": 1})),
        zlib.compress(b"cagent.session\ntime\n."),
        zlib.compress(b"\x80\x05\x8c\x0cagent.values\x8c\x0bhashlib.md5\x93."),
    ],
)
def test_bytes_that_are_no_examination_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no examination"):
        decode(data)


def test_a_rejection_travels_as_well() -> None:
    assert decode(encode(Looked(None, "a.jpg", "It is empty."))).source == "a.jpg"
