"""How the agent's processes keep their memory small: the one place that speaks to the C library.

Decision: pictures come and go by megabytes. The C library (glibc) serves them from its heap once
it has seen a few, which is fast, but by default it then keeps up to 64 MB of what is freed, and
gives each thread a heap of its own. ``bound`` sets limits for both. Fixing its threshold for
separate pages low instead (M_MMAP_THRESHOLD) would save as much, and cost a third of the speed of
perturbations: each picture would begin with its pages being zeroed anew.

Where the C library is another one (musl), nothing of this does anything.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # malloc.h
_KEPT_FREE: Final = 8 << 20
"""Bytes at the heap's end that are kept for the next picture."""
_LARGEST: Final = 32 << 20
"""Bytes from which an array gets pages of its own: the most that glibc admits."""
_HEAPS: Final = 2
"""The main thread's, and one for all others, whose rows and messages are small."""
_DONTNEED: Final = 4  # madvise(2)


@contextmanager
def loading() -> Iterator[None]:
    """Import modules without looking for garbage among what they make, which is all there to stay.

    The collector looks at it again and again while it grows, and at each full round later:
    afterwards it leaves it alone.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def bound() -> None:
    """Have freed memory go back to the system. To be called before other threads are begun."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _KEPT_FREE)
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_ARENA_MAX, _HEAPS)


def settle() -> None:
    """Let go of what only the start needed, when all is loaded and has run once.

    Half of the libraries' code that is resident then was needed for loading them, or was read
    beside it. Code is mapped from files and never changes: what is wanted again comes from the
    system's cache of files.
    """
    trim()
    with suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None, use_errno=True).madvise
        for start, end in _code():
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def trim() -> None:
    """Give memory back that nothing uses: garbage, and what the C library keeps for later."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _code() -> Iterator[tuple[int, int]]:
    """First and past-last address of each part of this process that is code of a library."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            words = line.split()
            if len(words) >= 6 and words[1] == "r-xp" and ".so" in words[5]:
                start, end = words[0].split("-")
                yield int(start, 16), int(end, 16)
