"""Drawn layers, kept so that a clip's frames share one drawing: bounded in bytes for all kinds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import wraps
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

LIMIT_BYTES: Final = 16 * 2**20
"""What all kept layers of a process may take together."""
_PINNED_PART: Final = 4


class Layers:
    """Results by key; the least recently used go when their arrays exceed ``limit`` bytes.

    Pinned ones stay for good; they count towards the limit, of which they get at most a quarter.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._pinned_bytes = 0
        self._pinned: dict[Any, Any] = {}
        self._results: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, make: Callable[[], T], *, pin: bool = False) -> T:
        """The result kept under a key, else the one that ``make`` gives, which is then kept.

        Arrays in it become read-only. A result larger than the limit is not kept.
        """
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                kept: T = self._results[key][0]
                return kept
            if key in self._pinned:
                pinned: T = self._pinned[key]
                return pinned
        made = make()
        owners = {}
        for array in _arrays(made):
            array.flags.writeable = False
            owner = _owner(array)
            owners[id(owner)] = owner.nbytes
        size = sum(owners.values())
        if size <= self.limit:
            self._keep(key, made, size, pin)
        return made

    def _keep(self, key: Any, made: Any, size: int, pin: bool) -> None:
        with self._lock:
            if key in self._results or key in self._pinned:
                return
            if pin and self._pinned_bytes + size <= self.limit // _PINNED_PART:
                self._pinned[key] = made
                self._pinned_bytes += size
            else:
                self._results[key] = (made, size)
            self.held += size
            while self.held > self.limit:
                _, (_, freed) = self._results.popitem(last=False)
                self.held -= freed


LAYERS: Final = Layers(LIMIT_BYTES)


def kept(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what a pure function of hashable arguments returns: an array or a tuple of arrays."""
    return _keeping(make, pin=False)


def pinned(make: Callable[P, T]) -> Callable[P, T]:
    """As ``kept``, and never given up: for the few drawings that take long, which other kinds'
    layers would push out between one photo and the next."""
    return _keeping(make, pin=True)


def _keeping(make: Callable[P, T], *, pin: bool) -> Callable[P, T]:
    @wraps(make)
    def look_up(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (make, args, tuple(sorted(kwargs.items())))
        return LAYERS.get(key, lambda: make(*args, **kwargs), pin=pin)

    return look_up


def _arrays(result: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(result, np.ndarray):
        yield result
    elif isinstance(result, (tuple, list)):
        for item in result:
            yield from _arrays(item)


def _owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array whose memory a view keeps alive, all of it."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
