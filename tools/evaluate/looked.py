"""What became of one frame, and the bytes in which it travels and waits: compact, and checked.

Workers send these bytes and the journal keeps them, so that a frame counts for the same whoever
examined it and whenever.
"""

from __future__ import annotations

import io
import pickle
import zlib
from dataclasses import dataclass
from typing import Any, Final

from agent.cameras import RecordedCamera
from agent.errors import DataError
from agent.session import Examination, Session

_OURS: Final = frozenset({"agent.values", "agent.session", "tools.evaluate.looked"})


@dataclass(frozen=True)
class Looked:
    """A frame's examination, or why its picture could not be used."""

    examination: Examination | None
    source: str = ""
    rejected: str = ""


def look(camera: RecordedCamera, session: Session, index: int) -> Looked:
    """Examine the frame at ``index``. Raises what ``Session.examine`` raises."""
    try:
        frame = camera.read(index)
    except DataError as error:
        # Taken out: the names of a million bad pictures need not be kept here as well.
        name = camera.rejected.popitem()[0] if camera.rejected else f"frame {index}"
        return Looked(None, name, error.message)
    return Looked(session.examine(frame), frame.source)


def encode(looked: Looked) -> bytes:
    """The bytes of a frame's examination; all numbers in them are exact."""
    return zlib.compress(pickle.dumps(looked, protocol=5), 1)


def decode(data: bytes) -> Looked:
    """The reverse of ``encode``. Raises ``ValueError`` for bytes that are not its own.

    A journal may come from another hand: nothing but our own values is ever built from it.
    """
    try:
        found = _Values(io.BytesIO(zlib.decompress(data))).load()
    except (zlib.error, pickle.UnpicklingError, EOFError, TypeError, AttributeError) as error:
        raise ValueError(f"no examination: {error}") from None
    if not isinstance(found, Looked):
        raise ValueError(f"no examination: {type(found).__name__}")
    return found


class _Values(pickle.Unpickler):
    """Builds our own values and refuses to name anything else."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if module in _OURS else None
        if not isinstance(found, type) or found.__module__ != module:
            raise pickle.UnpicklingError(f"{module}.{name} has no place here")
        return found
