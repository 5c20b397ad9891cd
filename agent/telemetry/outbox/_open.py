"""Taking hold of an outbox's folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from agent.errors import OutboxError
from agent.telemetry.outbox._lock import FolderLock
from agent.telemetry.outbox._reserve import Reserve
from agent.telemetry.outbox._table import Limits, Table


def opened(folder: Path, limits: Limits) -> tuple[FolderLock, Reserve, Table]:
    """Make, lock and open it. Raises ``OutboxError`` where one of these cannot be."""
    remedy = "Give a folder on a disk that this user may write to."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
    except OSError as error:
        raise OutboxError(
            f"The outbox folder {folder} cannot be written: {error.strerror}.", remedy=remedy
        ) from None
    reserve = Reserve(folder)
    try:
        return lock, reserve, _table(folder, limits, reserve)
    except (sqlite3.Error, OSError) as error:
        lock.release()
        raise OutboxError(
            f"The outbox in {folder} cannot be opened: {error}.", remedy=remedy
        ) from None


def _table(folder: Path, limits: Limits, reserve: Reserve) -> Table:
    """The table; on a full disk, with the room of the reserve."""
    try:
        return Table(folder, limits)
    except sqlite3.OperationalError:
        reserve.spend()
        return Table(folder, limits)
