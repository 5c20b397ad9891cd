"""Processes that end when the one that started them does, even if stopped or stuck."""

from __future__ import annotations

import ctypes
import signal
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Have the kernel send SIGKILL to this process when its parent's thread ends (prctl(2))."""
    with suppress(OSError, AttributeError):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
