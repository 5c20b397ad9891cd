"""YUV4MPEG2, the way in which a program hands over pictures."""

from __future__ import annotations

import io

import cv2
import pytest

from agent.cameras._capture.y4m import read_y4m
from agent.errors import CameraError


def frame(width: int, height: int, luma: int) -> bytes:
    return b"FRAME\n" + bytes([luma]) * (width * height) + bytes([128]) * (width * height // 2)


def test_pictures_come_until_the_stream_is_cut_off() -> None:
    stream = b"YUV4MPEG2 W16 H4 F25:1 Ip A1:1 C420jpeg\n"
    stream += frame(16, 4, 16) + b"FRAME Ixyz\n" + frame(16, 4, 235)[6:] + frame(16, 4, 90)[:50]
    seen = []
    for raw in read_y4m(io.BytesIO(stream)):
        assert raw.code is not None
        seen.append((raw.height, raw.width, cv2.cvtColor(raw.data, raw.code)[0, 0].tolist()))
    assert seen == [(4, 16, [0, 0, 0]), (4, 16, [255, 255, 255])]


def test_the_size_may_change_in_mid_stream() -> None:
    stream = b"YUV4MPEG2 W16 H4\n" + frame(16, 4, 90) + b"YUV4MPEG2 W8 H2\n" + frame(8, 2, 90)
    sizes = [(raw.width, raw.height) for raw in read_y4m(io.BytesIO(stream))]
    assert sizes == [(16, 4), (8, 2)]


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"RIFF....AVI LIST\n", "no YUV4MPEG2"),
        (frame(16, 4, 90), "no YUV4MPEG2"),
        (b"YUV4MPEG2 H4 F25:1\n", "no size"),
        (b"YUV4MPEG2 W18 H4\n", "18 x 4 px"),
        (b"YUV4MPEG2 W16 H3\n", "16 x 3 px"),
        (b"YUV4MPEG2 W99999992 H4\n", "99999992 x 4 px"),
        (b"YUV4MPEG2 W16 H4 C422\n", "not 8-bit 4:2:0"),
        (b"YUV4MPEG2 W16 H4 C420p10\n", "not 8-bit 4:2:0"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(stream: bytes, words: str) -> None:
    with pytest.raises(CameraError, match=words):
        list(read_y4m(io.BytesIO(stream)))


def test_an_empty_stream_holds_nothing() -> None:
    assert list(read_y4m(io.BytesIO(b""))) == []
