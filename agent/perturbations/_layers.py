"""Drawn layers, kept so that a clip's frames share one drawing: bounded in bytes for all kinds."""

from __future__ import annotations

import mmap
import random
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import islice
from threading import Lock
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

LIMIT_BYTES: Final = 20 * 2**20
"""What all kept layers of a process may take together."""
IDLE: Final = 2500
"""Look-ups after which a layer that nobody asked for is given up: its sign is out of sight. A
round of the quick suite over one sign makes some 570, one of the whole catalogue 820."""
APART_BYTES: Final = 2**16
"""Arrays from this size on get memory of their own."""
_PINNED_PART: Final = 4


class _Kept(NamedTuple):
    """A result, the bytes of its arrays, and the look-up that asked for it last."""

    result: Any
    size: int
    asked: int


class Layers:
    """Results by key, of at most ``limit`` bytes in their arrays.

    What nobody asked for in ``idle`` look-ups goes first, then of two that chance picks the one
    asked for longer ago: a suite's conditions come round in turn, so that the least recently used
    of all is the next one wanted.
    Pinned ones stay for good; they count towards the limit, of which they get at most a quarter.
    """

    def __init__(self, limit: int, idle: int = IDLE) -> None:
        self.limit, self.idle = limit, idle
        self.held = 0
        self._lookups = 0
        self._pinned_bytes = 0
        self._pinned: dict[Any, Any] = {}
        self._results: OrderedDict[Any, _Kept] = OrderedDict()
        self._chance = random.Random(0)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._results) + len(self._pinned)

    def get(self, key: Any, make: Callable[[], T], *, pin: bool = False) -> T:
        """The result kept under a key, else the one that ``make`` gives, which is then kept.

        Arrays in it become read-only. A result larger than the limit is not kept.
        """
        with self._lock:
            self._lookups += 1
            found = self._results.get(key)
            if found is not None:
                self._results[key] = found._replace(asked=self._lookups)
                self._results.move_to_end(key)
                kept: T = found.result
                return kept
            if key in self._pinned:
                pinned: T = self._pinned[key]
                return pinned
        made: T = _apart(make())
        size = _size(made)
        if size <= self.limit:
            self._keep(key, made, size, pin)
        return made

    def _keep(self, key: Any, made: Any, size: int, pin: bool) -> None:
        with self._lock:
            if key in self._results or key in self._pinned:
                return
            self._make_room(size)
            if pin and self._pinned_bytes + size <= self.limit // _PINNED_PART:
                self._pinned[key] = made
                self._pinned_bytes += size
            else:
                self._results[key] = _Kept(made, size, self._lookups)
            self.held += size

    def _make_room(self, size: int) -> None:
        results = self._results
        while results and self._lookups - next(iter(results.values())).asked > self.idle:
            self.held -= results.popitem(last=False)[1].size
        while results and self.held + size > self.limit:
            # They stand in the order in which they were asked for.
            number = min(self._chance.randrange(len(results)) for _ in range(2))
            self.held -= results.pop(next(islice(results, number, None))).size


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


def _apart(result: Any) -> Any:
    """The result with its large arrays in pages of their own.

    Kept among the arrays that come and go with every picture, they would leave gaps in the heap
    that it never gives back: an agent's memory grew for an hour. Pages that hold nothing but zeros
    take no memory.
    """
    if isinstance(result, np.ndarray):
        large = result.nbytes >= APART_BYTES and result.flags.c_contiguous
        return _in_pages(result) if large else result
    if isinstance(result, (tuple, list)):
        parts = [_apart(part) for part in result]
        return result if all(map(_is, parts, result)) else type(result)(parts)
    return result


def _is(one: object, other: object) -> bool:
    return one is other


def _in_pages(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    memory = mmap.mmap(-1, array.nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    copy = np.frombuffer(memory, array.dtype).reshape(array.shape)
    page = mmap.PAGESIZE
    source, target = array.reshape(-1).view(np.uint8), copy.reshape(-1).view(np.uint8)
    whole = len(source) // page * page
    pages = source[:whole].reshape(-1, page)
    used = _used(pages)
    target[:whole].reshape(-1, page)[used] = pages[used]
    target[whole:] = source[whole:]
    return copy


def _used(pages: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which pages (N, P) of bytes are not all zeros, (N,)."""
    return np.asarray(pages.view(np.uint64).any(1))


def _size(result: Any) -> int:
    """The bytes that a result's arrays take; they become read-only."""
    owners = {}
    for array in _arrays(result):
        array.flags.writeable = False
        owner = _owner(array)
        owners[id(owner)] = _resident(owner)
    return sum(owners.values())


def _resident(array: np.ndarray[Any, Any]) -> int:
    if array.base is None:
        return array.nbytes
    page = mmap.PAGESIZE
    memory = array.reshape(-1).view(np.uint8)
    whole = len(memory) // page * page
    return page * int(_used(memory[:whole].reshape(-1, page)).sum()) + len(memory) - whole


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
