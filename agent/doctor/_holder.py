"""Who holds an outbox: told without disturbing whoever it is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def holder(outbox: Path) -> int | None:
    """The id of the process of the agent that uses an outbox folder; 0 where it is not told.

    None where nobody does. The lock is asked for as a reader and given back at once.
    """
    try:
        file = os.open(outbox / "outbox.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except OSError:
        said = os.read(file, 32).decode("ascii", errors="replace").strip()
        return int(said) if said.isdigit() else 0
    finally:
        os.close(file)
