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


class Layers:
    """Results by key; the least recently used go when their arrays exceed ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._results: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """The result kept under a key, else the one that ``make`` gives, which is then kept.

        Arrays in it become read-only. A result larger than the limit is not kept.
        """
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                kept: T = self._results[key][0]
                return kept
        made = make()
        size = 0
        for array in _arrays(made):
            array.flags.writeable = False
            size += array.nbytes
        if size <= self.limit:
            self._keep(key, made, size)
        return made

    def _keep(self, key: Any, made: Any, size: int) -> None:
        with self._lock:
            if key in self._results:
                return
            self._results[key] = (made, size)
            self.held += size
            while self.held > self.limit:
                _, (_, freed) = self._results.popitem(last=False)
                self.held -= freed


LAYERS: Final = Layers(LIMIT_BYTES)


def kept(make: Callable[P, T]) -> Callable[P, T]:
    """Keep what a pure function of hashable arguments returns: an array or a tuple of arrays."""

    @wraps(make)
    def look_up(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (make, args, tuple(sorted(kwargs.items())))
        return LAYERS.get(key, lambda: make(*args, **kwargs))

    return look_up


def _arrays(result: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(result, np.ndarray):
        yield result
    elif isinstance(result, (tuple, list)):
        for item in result:
            yield from _arrays(item)
