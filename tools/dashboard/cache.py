"""Remembers what was read of the store for as long as nothing is stored."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")

MOST: Final = 256
LONGEST_S: Final = 60.0
"""For what depends on the time of day."""
SPARED: Final = 10.0
STALE_S: Final = 4.0
"""While rows come in, something that took t to read is read anew after 10 t, at most 4 s."""


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    version: object = None
    read_s: float = -1e12
    cost_s: float = 0.0


class Cache:
    """One value per key; whoever asks while it is being read waits for it.

    ``version`` is a store's ``changes``; ``steady`` a clock in s that never jumps.
    """

    def __init__(self, version: Callable[[], object], steady: Callable[[], float]) -> None:
        self._version, self._steady = version, steady
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], T], stale_s: float | None = None) -> T:
        """The value under a key, read where it is not known or not true any more.

        ``stale_s`` lets it be so old though rows came in, for what changes but seldom.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST:
                self._entries.popitem(last=False)
        with entry.lock:
            version, now = self._version(), self._steady()
            if not self._good(entry, version, now, stale_s):
                entry.value = read()
                entry.version, entry.read_s = version, now
                entry.cost_s = self._steady() - now
            value: T = entry.value
            return value

    @staticmethod
    def _good(entry: _Entry, version: object, now: float, stale_s: float | None) -> bool:
        age = now - entry.read_s
        if entry.version == version:
            return age < LONGEST_S
        return age < (min(STALE_S, SPARED * entry.cost_s) if stale_s is None else stale_s)
