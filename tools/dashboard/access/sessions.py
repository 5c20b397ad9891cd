"""Who is signed in: kept in the server's memory, known to the browser by a random id alone."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from tools.dashboard.access.roll import Role, Roll, digest

IDLE_S: Final = 2 * 3600.0
LONGEST_S: Final = 12 * 3600.0
MOST: Final = 2000


@dataclass
class _Session:
    user: str
    hash: str
    began_s: float
    used_s: float


@dataclass(frozen=True)
class Person:
    """Whoever is signed in, with the role that the file gives at this moment."""

    name: str
    role: Role


class Sessions:
    """Sessions end after 2 h without use, after 12 h, at sign-out, when the server stops, and when
    the user is removed or the password changed. Times are in s of one steady clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Session] = OrderedDict()

    def begin(self, user: str, roll: Roll, now_s: float) -> str:
        """Sign a user in under a new random id, which only the browser gets to know."""
        identity = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[digest(identity)] = _Session(user, roll.users[user].hash, now_s, now_s)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return identity

    def who(self, identity: str, roll: Roll, now_s: float, *, use: bool = True) -> Person | None:
        """Who is signed in under an id; ``use`` puts the idle end off."""
        key = digest(identity)
        with self._lock:
            session = self._kept.get(key)
            if session is None:
                return None
            if now_s - session.used_s > IDLE_S or now_s - session.began_s > LONGEST_S:
                del self._kept[key]
                return None
            if use:
                session.used_s = now_s
        user = roll.users.get(session.user)
        if user is None or user.hash != session.hash:
            return None
        return Person(session.user, user.role)

    def end(self, identity: str) -> None:
        """Sign out."""
        with self._lock:
            self._kept.pop(digest(identity), None)
