"""Whether the agent gets on: a good frame and an outbox that moves, both. Pure; seconds come in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """The outbox's state: the highest seq on disk, and the rows that wait in memory for it."""

    committed: int
    waiting: int


class Progress:
    """Collects what the agent got done since it was last asked.

    A frame that is of no use (``Frame.fault``) is none. A pause on purpose - too hot, or by
    command - stands for frames. The outbox moves where it commits rows, or has none to commit.
    """

    def __init__(self) -> None:
        self._frames = False
        self._committed: int | None = None

    def frame(self, *, good: bool) -> None:
        self._frames = self._frames or good

    def paused(self) -> None:
        self._frames = True

    def made(self, kept: Kept) -> bool:
        """Whether both got on since this was last true."""
        if self._committed is None:
            self._committed = kept.committed
        moved = not kept.waiting or kept.committed > self._committed
        if not (self._frames and moved):
            return False
        self._frames, self._committed = False, kept.committed
        return True


class Watchdog:
    """When to tell the manager: at each third of its limit at most, and only upon progress."""

    def __init__(self, limit_s: float, now: float) -> None:
        self._every_s = limit_s / 3
        self._last = now if limit_s else float("inf")

    def is_due(self, now: float) -> bool:
        return now - self._last >= self._every_s

    def fed(self, now: float) -> None:
        self._last = now
