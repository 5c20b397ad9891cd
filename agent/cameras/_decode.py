"""From a picture file to uint8 RGB pixels, with a reason where that cannot be done.

OpenCV fills what a truncated JPEG lacks with grey and reports success, so files are checked for
their end first. Greyscale, 16-bit and palette pictures become 8-bit RGB; alpha is dropped, as
the usual training pipelines do.

Orientation: a picture is turned upright by its EXIF tag, as people and annotation tools see it,
unless the annotation declares the size of the stored, unturned pixels: its boxes mean those.
"""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from agent.cameras._opencv import rgb_of
from agent.errors import DataError
from agent.values import Pixels

SUFFIXES: Final = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".png",
        ".bmp",
        ".dib",
        ".ppm",
        ".pgm",
        ".pnm",
        ".webp",
        ".tif",
        ".tiff",
        ".jp2",
    ]
)
"""File name endings of pictures."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
# In entropy-coded data 0xFF is followed by 0 (a stuffed byte) or a restart marker D0..D7.
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_BARE: Final = frozenset([0x01, *range(0xD0, 0xD9)])  # markers without a length
_END_OF_IMAGE: Final = 0xD9


def is_picture(path: Path) -> bool:
    """Whether the file name ends as a picture's does, hidden files aside."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def decode(path: Path, size: tuple[int, int] | None = None) -> Pixels:
    """Read-only uint8 RGB pixels (H, W, 3) of a picture file.

    ``size`` is the (width, height) that the annotation declares, None where it does not. Raises
    ``DataError`` with the reason for a file that is missing, empty, truncated, of another size
    or no picture.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"The picture cannot be read: {error.strerror or error}.") from error
    reason = _defect(data)
    if reason:
        raise DataError(reason)
    pixels = _decoded(data, cv2.IMREAD_COLOR)
    if size is not None and size != _size(pixels):
        pixels = _as_declared(data, _size(pixels), size)
    return rgb_of(pixels)


def _decoded(data: bytes, flags: int) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise DataError("The picture is too large or cannot be decoded.") from error
    if pixels is None:
        raise DataError("The file cannot be decoded as a picture.")
    return pixels.astype(np.uint8, copy=False)


def _as_declared(data: bytes, upright: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """The stored pixels, where it is those that have the declared size."""
    stored = _decoded(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if _size(stored) != size:
        raise DataError(
            f"The annotation is for {size[0]} x {size[1]} pixels, "
            f"the picture has {upright[0]} x {upright[1]}."
        )
    return stored


def _size(pixels: Pixels) -> tuple[int, int]:
    return int(pixels.shape[1]), int(pixels.shape[0])


def _defect(data: bytes) -> str:
    """Why the bytes are no whole picture; empty where they look whole."""
    if not data:
        return "The file is empty."
    if data.startswith(b"\xff\xd8") and not _jpeg_ends(data):
        return "The JPEG is truncated."
    if data.startswith(_PNG) and not _png_ends(data):
        return "The PNG is truncated."
    return ""


def _jpeg_ends(data: bytes) -> bool:
    """Whether the walk from marker to marker arrives at the end of the image.

    A search for the last FF D9 would find the end of an embedded thumbnail, and trailing data
    after the end is common (ITU-T T.81, annex B).
    """
    position = 2
    while True:
        marker = _MARKER.search(data, position)
        if marker is None:
            return False
        code, position = marker[1][0], marker.end()
        if code == _END_OF_IMAGE:
            return True
        if code in _BARE:
            continue
        if position + 2 > len(data):
            return False
        position += int(struct.unpack_from(">H", data, position)[0])


def _png_ends(data: bytes) -> bool:
    """Whether the walk from chunk to chunk arrives at IEND (ISO/IEC 15948, clause 5)."""
    position = len(_PNG)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if name == b"IEND":
            return True
        position += 12 + int(length)
    return False


def plain(name: str) -> str:
    """A file's name as text that any file or message can hold.

    A name that is not UTF-8 reaches Python with lone surrogates; its bytes are shown instead.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")
