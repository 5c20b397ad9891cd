"""Files that must never be half written, nor be readable by others for a moment."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.errors import OutputError

SECRET = 0o600
PUBLIC = 0o644


def write_new(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file that must not be there yet. Raises ``OutputError`` where it is."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise OutputError(
            f"{path} is there already and is not overwritten.",
            remedy="Move it away, or give another folder with --out.",
        ) from None
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def replace(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file in one step; one that was there gives its owner to the new one."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    write_new(draft, content, mode)
    if path.exists():
        was = path.stat()
        with suppress(PermissionError):
            os.chown(draft, was.st_uid, was.st_gid)
    os.replace(draft, path)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time works on a folder; the others wait."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def stamp(path: Path) -> tuple[int, ...]:
    """Differs after the file was written or replaced; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
