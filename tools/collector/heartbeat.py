"""A file that says that a collector collects, for whoever watches it (see ``health``)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from agent.errors import OutputError

PAUSE_S: Final = 5.0
"""Seconds between two beats at least: the file may lie on an SD card."""


class Heartbeat:
    """Call it as often as work is done; it keeps the time of the last beat in a file.

    The time is the monotonic clock's, which all processes of a machine share: a wall clock that is
    set back a year must not make a collector look dead. Raises ``OutputError`` at once where the
    file cannot be written; later the missing beat says it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._due = 0.0
        try:
            self._draft.touch()
            file.unlink(missing_ok=True)  # of a collector before this one
        except OSError as error:
            raise OutputError(
                f"The heartbeat file {file} cannot be written: {error.strerror}.",
                remedy="Give a file in a folder that is there and that this user may write.",
            ) from None

    def __call__(self) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + PAUSE_S
        try:
            self._draft.write_text(f"{now:.3f}\n", encoding="ascii")
            self._draft.replace(self.file)
        except OSError:
            return  # a full disk: an old beat tells it

    @property
    def _draft(self) -> Path:
        return self.file.with_name(self.file.name + ".new")


def age(file: Path) -> float | None:
    """Seconds since the last beat; None where there was none since this machine started."""
    try:
        passed = time.monotonic() - float(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return passed if passed >= 0 else None
