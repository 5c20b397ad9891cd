"""A network camera over RTSP (RFC 2326), through OpenCV's FFmpeg."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field

from agent.cameras import Selection
from agent.cameras._capture.opencv import StreamSource
from agent.cameras._capture.source import Source
from agent.cameras._live import LiveCamera, LiveOptions
from agent.cameras._spec import parse_options, without_secrets
from agent.errors import UsageError

_OPTIONS: Final = re.compile(r"#((?:deadline|give_up|frozen)=[^#]*)$")
_SCHEMES: Final = ("rtsp", "rtsps", "http", "https", "tcp", "udp")


class _Options(LiveOptions):
    deadline: float = Field(
        default=15.0, gt=0, le=600, description="s without a frame until the capture begins anew"
    )


class Rtsp(LiveCamera):
    """``rtsp://user:password@host:554/path``; also HTTP and MPEG-TS addresses that FFmpeg reads.

    Options stand behind a ``#``: ``rtsp://host/path#deadline=15,give_up=600``. Messages and frames
    name the address without user, password and query.
    """

    def __init__(self, address: str, options: str = "") -> None:
        if _scheme(address) not in _SCHEMES:
            raise UsageError(
                f"{shown(address)!r} is no address of a camera.",
                remedy="Write it as rtsp://host:554/path.",
            )
        super().__init__(shown(address), parse_options("rtsp", options, _Options))
        self._address = address

    @classmethod
    def open(cls, text: str, selection: Selection) -> Rtsp:
        address = f"rtsp:{text}" if text.startswith("//") else text
        given = _OPTIONS.search(address)
        return cls(address[: given.start()], given[1]) if given else cls(address)

    def _source(self) -> Source:
        return StreamSource(self._address)

    def _remedy(self) -> str:
        return "Check the address, the user and password, and that the camera is on the network."


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme
    except ValueError:
        return ""


def shown(address: str) -> str:
    """An address that may be printed: no user, no password, no query."""
    try:
        parts = urlsplit(address)
        place = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the address"
    bare = f"{parts.scheme}://{place}{parts.path}" if parts.scheme else parts.path
    return without_secrets(bare.rpartition("@")[2] if not place else bare)
