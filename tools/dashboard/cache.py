"""Remembers what was read of the store for as long as nothing is stored.

While rows come in all the time, what is expensive is read behind the reader's back: a reader gets
what was read last, and the next one gets what is read meanwhile. As soon as nothing is stored for
a moment, everything shown is exact again.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST: Final = 256
LONGEST_S: Final = 3600.0
SPARED: Final = 10.0
STALE_S: Final = 4.0
"""While rows come in, something that took t to read is read anew after 10 t, at most 4 s."""
QUIET_S: Final = 20.0
"""When nothing was stored for so long, nothing is coming in. Longer than devices tell readings
apart, so that a few of them do not make each page wait for its figures."""


_LOOKED: ContextVar[dict[str, object] | None] = ContextVar("looked", default=None)
"""What this request found the store's version to be."""


class OneLook:
    """Has a request look at the store's version once: all that it shows is at least as new."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Else what is begun with the application would see the same version for ever.
        token = _LOOKED.set({} if scope["type"] == "http" else None)
        try:
            await self._app(scope, receive, send)
        finally:
            _LOOKED.reset(token)


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    version: object = None
    read_s: float = -1e12
    cost_s: float = 0.0
    behind: bool = False


class Cache:
    """One value per key; whoever asks while it is being read waits for it.

    ``version`` is a store's ``changes``; ``steady`` a clock in s that never jumps.
    """

    def __init__(self, version: Callable[[], object], steady: Callable[[], float]) -> None:
        self._version, self._steady = version, steady
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._seen: object = None
        self._changed_s = -1e12
        self._closed = False

    def look(self) -> object:
        """The store's version now, or when this request first looked; called about once a second
        it knows when rows come in."""
        known = _LOOKED.get()
        if known is not None and "version" in known:
            return known["version"]
        version, now = self._version(), self._steady()
        if known is not None:
            known["version"] = version
        with self._lock:
            if version != self._seen:
                self._seen, self._changed_s = version, now
        return version

    def get(
        self, key: Hashable, read: Callable[[], T], lag_s: float = 0.0, *, seldom: bool = False
    ) -> T:
        """The value under a key, read where it is not known or not true any more.

        While rows come in it may be ``lag_s`` old: it is then read anew behind the reader's back;
        and later too, where it changes but ``seldom``.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST:
                self._entries.popitem(last=False)
        if self._lags(entry, lag_s, seldom):
            lagging: T = entry.value
            self._read_behind(entry, read)
            return lagging
        with entry.lock:
            version, now = self.look(), self._steady()
            if not self._good(entry, version, now):
                self._read(entry, read)
            value: T = entry.value
            return value

    def close(self) -> None:
        """Read nothing behind any more; what is being read may fail, as its store is closed."""
        self._closed = True
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _read(self, entry: _Entry, read: Callable[[], Any]) -> None:
        version, begun = self.look(), self._steady()
        value = read()
        entry.value, entry.version, entry.read_s = value, version, begun
        entry.cost_s = self._steady() - begun

    def _lags(self, entry: _Entry, lag_s: float, seldom: bool) -> bool:
        """Whether what was read last will do though it is not true any more."""
        if entry.version is None or not lag_s:
            return False
        version, now = self.look(), self._steady()
        coming = seldom or now - self._changed_s < QUIET_S
        return coming and entry.version != version and now - entry.read_s < lag_s

    def _read_behind(self, entry: _Entry, read: Callable[[], Any]) -> None:
        age = self._steady() - entry.read_s
        with self._lock:
            if entry.behind or age < SPARED * entry.cost_s:
                return
            entry.behind = True
        try:
            self._reader.submit(self._behind, entry, read)
        except RuntimeError:  # it is being closed
            entry.behind = False

    def _behind(self, entry: _Entry, read: Callable[[], Any]) -> None:
        try:
            self._read(entry, read)
        except Exception:  # whoever asks when it is too old reads it, and sees what is wrong
            if not self._closed:
                log.warning("something could not be read behind a page", exc_info=True)
        finally:
            entry.behind = False

    @staticmethod
    def _good(entry: _Entry, version: object, now: float) -> bool:
        age = now - entry.read_s
        if entry.version == version:
            return age < LONGEST_S
        return age < min(STALE_S, SPARED * entry.cost_s)
