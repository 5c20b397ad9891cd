"""From the text of ``--camera`` to a camera."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Final

from agent.cameras import Camera, Selection, family
from agent.cameras._detect import open_data

_DEVICE: Final = re.compile(r"/dev/video\d+|\d+")


def open_camera(text: str, selection: Selection | None = None) -> Camera:
    """A camera from ``kind:rest``, ``kind``, an ``rtsp://`` address, a device or a path of data.

    ``/dev/video0`` and ``0`` are V4L2 devices. Raises ``UnknownKind`` with those that exist, and
    what the camera raises.
    """
    selection = selection or Selection()
    if text.startswith(("rtsp://", "rtsps://")):
        return family.load("rtsp").open(text, selection)
    if _DEVICE.fullmatch(text):
        return family.load("v4l2").open(text, selection)
    kind, colon, rest = text.partition(":")
    if kind in family.kinds() and not (colon == "" and Path(text).exists()):
        return family.load(kind).open(rest, selection)
    if Path(text).exists() or _is_path(text):
        return open_data(
            text,
            data_labels=selection.data_labels,
            limit=selection.limit,
            seed=selection.seed,
        )
    return family.load(kind).open(rest, selection)


def _is_path(text: str) -> bool:
    """Whether a text rather means a file than a kind, so that its absence is to be reported."""
    name, colon, _ = text.partition(":")
    if "/" in name:
        return True
    return not colon and ("." in text or not difflib.get_close_matches(text, family.kinds()))
