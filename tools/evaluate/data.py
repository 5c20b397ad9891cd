"""Which data an evaluation reads, as plain values that any worker can open again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
