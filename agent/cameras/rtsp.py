"""A network camera over RTSP (RFC 2326), through OpenCV's FFmpeg."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import cv2

from agent.cameras import Selection
from agent.cameras._live import LiveCamera
from agent.errors import UsageError

_SECRET: Final = re.compile(r"((?:pass\w*|pwd|token|key|secret)=)[^&/_,;]*", re.IGNORECASE)
_SCHEMES: Final = ("rtsp", "rtsps", "http", "https", "tcp", "udp")


class Rtsp(LiveCamera):
    """``rtsp://user:password@host:554/path``; also HTTP and MPEG-TS addresses that FFmpeg reads.

    ``deadline_s`` is how long it may be silent, reconnecting, before ``CameraError``. Messages
    and frames name the address without user, password and query.
    """

    def __init__(self, address: str, deadline_s: float = 15.0) -> None:
        if urlsplit(address).scheme not in _SCHEMES:
            raise UsageError(
                f"{shown(address)!r} is no address of a camera.",
                remedy="Write it as rtsp://host:554/path.",
            )
        super().__init__(shown(address), deadline_s)
        self._address = address

    @classmethod
    def open(cls, text: str, selection: Selection) -> Rtsp:
        return cls(f"rtsp:{text}" if text.startswith("//") else text)

    def _connect(self) -> cv2.VideoCapture | None:
        patience = int(1000 * min(self.deadline_s, 5.0))
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            patience,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            patience,
        ]
        capture = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, limits)
        return capture if capture.isOpened() else None

    def _remedy(self) -> str:
        return "Check the address, the user and password, and that the camera is on the network."


def shown(address: str) -> str:
    """An address that may be printed: no user, no password, no query."""
    try:
        parts = urlsplit(address)
        place = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the address"
    bare = f"{parts.scheme}://{place}{parts.path}" if parts.scheme else parts.path
    return _SECRET.sub(r"\1***", bare.rpartition("@")[2] if not place else bare)
