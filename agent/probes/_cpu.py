"""The CPU time of the agent with all that it has started."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from typing import Final

from agent.probes._children import Child, descendants

LOOK_S: Final = 10.0
"""Seconds between two looks for processes that are new. What they used before is not lost."""


class CpuMeter:
    """Seconds of CPU that were used since it was made, in user and kernel, by all threads.

    ``read`` costs some microseconds, and some milliseconds when it looks for new processes.
    """

    def __init__(self, look: Callable[[], Sequence[Child]] = descendants) -> None:
        self._look = look
        self._children: Sequence[Child] = ()
        self._looked = float("-inf")
        self._last = self._total()
        self._used = 0.0

    def read(self) -> float:
        total = self._total()
        # A process that ends is for a moment in neither sum, and one whose parent ended in none.
        self._used += max(0.0, total - self._last)
        self._last = total
        return self._used

    def _total(self) -> float:
        if time.monotonic() - self._looked > LOOK_S:
            self._renew()
        try:
            running = sum(_clock(child) for child in self._children)
        except OSError:  # one has ended
            self._renew()
            running = sum(_known(child) for child in self._children)
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + running + reaped.ru_utime + reaped.ru_stime

    def _renew(self) -> None:
        self._children, self._looked = self._look(), time.monotonic()


def _clock(child: Child) -> float:
    """A process's CPU time. Raises ``OSError`` where it is gone.

    The clock's number is made as clock_getcpuclockid(3) makes it; Python has no call for that.
    """
    return time.clock_gettime(~child.pid << 3 | 2) + child.reaped_s


def _known(child: Child) -> float:
    try:
        return _clock(child)
    except OSError:
        return 0.0


def cores() -> int:
    """The machine's cores, of which a share is told."""
    return os.cpu_count() or 1
