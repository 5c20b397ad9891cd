"""One agent per outbox: an advisory lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from agent.errors import OutboxError


class FolderLock:
    """Holds ``outbox.lock`` in a folder. Raises ``OutboxError`` where another process does."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "outbox.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 32).decode("ascii", errors="replace").strip()
            os.close(self._file)
            raise OutboxError(
                f"The outbox {folder} is in use by another agent (process {holder or 'unknown'}).",
                remedy="Stop that agent, or give this one an outbox folder of its own.",
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._file)
