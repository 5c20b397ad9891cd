"""Room set apart on the disk: where all else is taken, rows can still be freed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

BYTES = 4 << 20
NEARLY_FULL = 1 << 20


class Reserve:
    """The file ``outbox.reserve``, of no content: given back to a disk that is full.

    To delete a row takes room too, in the write-ahead log. Without a reserve an outbox that has
    filled its disk could never be emptied again. Nothing is added to it while this is spent.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "outbox.reserve"
        self._there = self._path.exists() and self._path.stat().st_size == BYTES

    def ready(self) -> bool:
        """Make it where it is missing; whether there is room for it."""
        if self._there:
            return True
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BYTES)
        except OSError:
            self.spend()
            return False
        self._there = True
        return True

    @property
    def is_needed(self) -> bool:
        """Whether the disk is nearly full: SQLite does not always say so."""
        return shutil.disk_usage(self._path.parent).free < NEARLY_FULL

    def spend(self) -> None:
        """Give the room back."""
        self._there = False
        with contextlib.suppress(OSError):  # a disk that can only be read
            self._path.unlink(missing_ok=True)
