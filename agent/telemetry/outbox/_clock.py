"""The device's clocks, as stamps."""

from __future__ import annotations

import ctypes
import time
import uuid
from pathlib import Path

from agent.record import Stamp

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5
_TIMEX_BYTES = 512


class Clock:
    """Stamps rows. Whether the kernel's clock is synced is asked once a minute."""

    def __init__(self) -> None:
        self.boot = _boot_id()
        self._synced = False
        self._asked = float("-inf")

    def stamp(self) -> Stamp:
        now = time.monotonic()
        if now - self._asked > 60:
            self._synced, self._asked = clock_synced(), now
        return Stamp(self.boot, int(now * 1000), int(time.time() * 1000), self._synced)


def clock_synced() -> bool:
    """Whether the kernel calls its clock synchronised (``adjtimex(2)``); False where unknown."""
    try:
        # A struct timex of zeros only asks; it is 208 bytes on 64-bit machines.
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= state < _TIME_ERROR


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")[:64]
    except OSError:
        return uuid.uuid4().hex
