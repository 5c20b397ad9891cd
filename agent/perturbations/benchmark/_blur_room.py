"""Room for what a blur reckons in between, used again from picture to picture.

Nothing that lies in it outlives a call, so pictures stay pure functions of their inputs. Large
arrays made afresh cost more than the filters: the system clears each of their pages first.
"""

from __future__ import annotations

import threading
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LIMIT_BYTES: Final = 4 * 2**20
"""What one place may keep, for each thread; larger pictures are given fresh room."""


class _Places(threading.local):
    def __init__(self) -> None:
        self.kept: dict[int, NDArray[np.uint8]] = {}


_PLACES: Final = _Places()


def room(place: int, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """An array of undefined values, valid until the thread asks for the same ``place`` again."""
    size = prod(shape) * np.dtype(dtype).itemsize
    if size > LIMIT_BYTES:
        return np.empty(shape, dtype)
    found = _PLACES.kept.get(place)
    if found is None or found.size < size:
        found = _PLACES.kept[place] = np.empty(size, np.uint8)
    return found[:size].view(dtype).reshape(shape)
