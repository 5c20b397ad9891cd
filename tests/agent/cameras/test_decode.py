"""Pictures become read-only RGB, or a reason why not."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras._decode import decode
from agent.errors import DataError


def encoded(suffix: str, pixels: np.ndarray, *options: int) -> bytes:
    good, data = cv2.imencode(suffix, pixels, options)
    assert good
    return data.tobytes()


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment that holds nothing but an orientation."""
    tiff = b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def scene(width: int = 64, height: int = 48) -> np.ndarray:
    chance = np.random.default_rng(0)
    return chance.integers(0, 255, (height, width, 3), np.uint8)


def test_a_png_is_read_back_as_rgb_and_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(".png", scene()))
    pixels = decode(path)
    assert np.array_equal(pixels, scene()[:, :, ::-1])
    assert not pixels.flags.writeable


@pytest.mark.parametrize(
    "stored",
    [
        np.full((8, 9), 128, np.uint8),
        np.full((8, 9), 128 * 257, np.uint16),
        np.full((8, 9, 3), 128 * 257, np.uint16),
        np.dstack([np.full((8, 9, 3), 128, np.uint8), np.zeros((8, 9), np.uint8)]),
    ],
    ids=["gray", "16-bit gray", "16-bit", "alpha"],
)
def test_every_kind_of_png_becomes_8_bit_rgb(tmp_path: Path, stored: np.ndarray) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(".png", stored))
    pixels = decode(path)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (8, 9, 3)
    assert np.abs(pixels.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("part", [0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_truncated_picture_is_named_so(tmp_path: Path, suffix: str, part: float) -> None:
    data = encoded(suffix, scene(200, 150))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(DataError, match="truncated"):
        decode(path)


def test_the_end_of_a_thumbnail_is_not_taken_for_the_end_of_the_picture(tmp_path: Path) -> None:
    thumbnail = encoded(".jpg", scene(16, 16))
    jpeg = encoded(".jpg", scene(200, 150))
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = jpeg[:2] + segment + jpeg[2:]
    path = tmp_path / "a.jpg"
    path.write_bytes(whole)
    assert decode(path).shape == (150, 200, 3)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="truncated"):
        decode(path)


def test_a_progressive_jpeg_and_bytes_after_its_end_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    jpeg = encoded(".jpg", scene(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    path.write_bytes(jpeg + b"maker's trailer")
    assert decode(path).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"no picture at all", "cannot be decoded")],
)
def test_what_is_no_picture_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        decode(tmp_path / "a.jpg")


def test_a_picture_is_turned_upright_unless_the_annotation_means_the_stored_pixels(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(with_orientation(encoded(".jpg", scene(64, 48)), 6))
    assert decode(path).shape == (64, 48, 3)
    assert decode(path, (48, 64)).shape == (64, 48, 3)
    assert decode(path, (64, 48)).shape == (48, 64, 3)


def test_an_annotation_for_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", scene(64, 48)))
    with pytest.raises(DataError, match="640 x 480 pixels, the picture has 64 x 48"):
        decode(tmp_path / "a.png", (640, 480))
