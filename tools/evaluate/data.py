"""Which data an evaluation reads, as plain values that any worker can open again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.cameras import RecordedCamera, Selection
from agent.cameras._open import open_camera
from agent.errors import UsageError


@dataclass(frozen=True)
class DataSpec:
    """``--data`` (a path, or a recorded camera such as ``drive_by:speed=10``) and its options.

    ``names`` is the file that names numeric label ids; ``limit`` takes that many frames only,
    chosen by ``seed`` and spread over the labels where there are any.
    """

    source: str
    names: Path | None = None
    limit: int | None = None
    seed: int = 0

    def open(self) -> RecordedCamera:
        """The recorded camera. Raises ``DataError``; ``UsageError`` for a live camera."""
        camera = open_camera(self.source, Selection(self.names, self.limit, self.seed))
        if not isinstance(camera, RecordedCamera):
            camera.close()
            raise UsageError(
                f"{self.source} is a live camera; an evaluation needs recorded data.",
                remedy="Use `fieldproof run` for a camera.",
            )
        return camera


def contents(camera: RecordedCamera) -> str:
    """A digest of what a camera will show, without decoding it.

    Of the state that a worker would be sent: each entry with its truth and tags, and the size and
    time of change of each file. Of a folder only what was found in it counts: results may be
    written there. To be taken before the first frame is read.
    """
    found = hashlib.blake2b(type(camera).__qualname__.encode(), digest_size=16)
    for name, value in sorted(_state(camera).items()):
        found.update(name.encode())
        for item in value if isinstance(value, (tuple, list)) else (value,):
            found.update(repr(item).encode("utf-8", "surrogatepass"))
            for path in _files(item):
                about = path.stat()
                found.update(b"%d %d" % (about.st_size, about.st_mtime_ns))
    return found.hexdigest()


def _state(camera: RecordedCamera) -> dict[str, Any]:
    reduced = camera.__reduce_ex__(2)
    state = reduced[2] if isinstance(reduced, tuple) and len(reduced) > 2 else None
    return state if isinstance(state, dict) else {"state": state}


def _files(item: object) -> Iterator[Path]:
    path = item if isinstance(item, Path) else getattr(item, "path", None)
    if isinstance(path, Path) and path.is_file():
        yield path
