"""Passwords as argon2id hashes, by argon2-cffi: the bindings to the reference implementation."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from agent.errors import UsageError

SHORTEST: Final = 12
LONGEST: Final = 1024
_HASHER: Final = PasswordHasher()
_FEW: Final = threading.BoundedSemaphore(2)
"""Each check takes 64 MiB: many at once must not exhaust the server."""


def hashed(password: str) -> str:
    """The hash to keep. Raises ``UsageError`` below 12 or above 1024 characters."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"A password has {SHORTEST} to {LONGEST} characters, this one has {len(password)}.",
            remedy="Take a few words that do not belong together.",
        )
    return _HASHER.hash(password)


_NOBODYS: Final = _HASHER.hash("the hash that stands for users who are not there")


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the one hashed; takes as long where there is no such user (None)."""
    if len(password) > LONGEST:
        return False
    with _FEW:
        try:
            _HASHER.verify(kept or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None
