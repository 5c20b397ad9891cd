"""The frames examined so far, on disk, so that an interrupted evaluation can go on.

A file of records: length and CRC-32 (little-endian, 4 bytes each), then the payload. The first
payload is the fingerprint as JSON; each further one is a frame's index (8 bytes) and its
examination. A record goes to the system as soon as its frame is done, so that killing the process
loses none; it is forced onto the disk every few seconds, so that a power cut loses little. What
follows a record that is torn or damaged is cut off, and those frames are examined again.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

from agent.errors import OutputError

NAME: Final = "evaluation.journal"
SYNC_S: Final = 5.0
"""How much work a power cut may cost, in seconds."""

_MAGIC: Final = b"fieldproof.journal/1\n"
_HEAD: Final = struct.Struct("<II")
_INDEX: Final = struct.Struct("<q")
_LONGEST: Final = 1 << 28  # a damaged length must not ask for 4 GB of memory

Fingerprint = Mapping[str, str]
"""What decides the results: a name for people -> a digest."""


class Journal:
    """The journal of the evaluation into a folder. One process at a time may hold it.

    ``resumes`` tells whether records of the same evaluation are there; ``changed`` names what is
    not as it was, where there are records of another one. ``records`` counts the frames in it that
    were read or written. Nothing is removed before ``begin``.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint) -> None:
        """Raises ``OutputError`` where another process evaluates into the folder."""
        self.path = folder / NAME
        self._fingerprint = dict(fingerprint)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._synced = time.monotonic()
        self._whole = False
        try:
            self._lock()
        except BaseException:
            os.close(self._file)
            raise
        size = os.fstat(self._file).st_size
        before = self._header()
        self.resumes = before == self._fingerprint
        self.changed = () if before is None or self.resumes else _differing(before, fingerprint)
        self.damaged = before is None and size > 0
        self.records = 0

    def begin(self, *, fresh: bool) -> None:
        """Get ready to write; what is there is dropped when ``fresh`` or of another evaluation."""
        if self.resumes and not fresh:
            return
        self.resumes = False
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._put(_MAGIC)
        self._append(json.dumps(self._fingerprint).encode())

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Index and examination of each frame, as they were written; then the file ends there.

        To be gone through once, before anything is written.
        """
        sound = os.lseek(self._file, 0, os.SEEK_CUR)
        with os.fdopen(os.dup(self._file), "rb") as reader:
            reader.seek(sound)
            while (payload := _record(reader.read)) is not None and len(payload) >= _INDEX.size:
                sound = reader.tell()
                self.records += 1
                yield _INDEX.unpack_from(payload)[0], payload[_INDEX.size :]
        os.ftruncate(self._file, sound)
        os.lseek(self._file, sound, os.SEEK_SET)

    def write(self, index: int, examination: bytes) -> None:
        """Append a frame. Raises ``OSError`` where the disk is full."""
        self._append(_INDEX.pack(index) + examination)
        self.records += 1
        if time.monotonic() - self._synced > SYNC_S:
            self._sync()

    def done(self) -> None:
        """The results are whole: nothing of the journal is needed any more."""
        self._whole = True

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file when it has served, or never held a frame; else leave it safe on disk."""
        if self._whole or not self.records:
            self.path.unlink(missing_ok=True)
        else:
            self._sync()
        os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"Another evaluation is writing into {self.path.parent}.",
                remedy="Wait for it, or choose another folder with --out.",
            ) from None
        except OSError:
            pass  # a file system without locks: nobody else is assumed to be there

    def _header(self) -> dict[str, str] | None:
        """The fingerprint in the file, which is then read up to there; None where there is none."""
        with os.fdopen(os.dup(self._file), "rb") as reader:
            reader.seek(0)
            if reader.read(len(_MAGIC)) != _MAGIC:
                return None
            payload = _record(reader.read)
            end = reader.tell()
        os.lseek(self._file, end, os.SEEK_SET)
        try:
            found = json.loads(payload or b"null")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def _append(self, payload: bytes) -> None:
        self._put(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def _sync(self) -> None:
        os.fdatasync(self._file)
        self._synced = time.monotonic()


def _record(read: Callable[[int], bytes]) -> bytes | None:
    """The next payload; None at the end, or where the record is not whole."""
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, checksum = _HEAD.unpack(head)
    if length > _LONGEST:
        return None
    payload = read(length)
    return payload if len(payload) == length and zlib.crc32(payload) == checksum else None


def _differing(before: Fingerprint, now: Fingerprint) -> tuple[str, ...]:
    return tuple(name for name in now if before.get(name) != now[name])
