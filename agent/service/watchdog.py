"""Whether the agent gets on: its loop, and the threads beside it. Pure; seconds come in.

What a new start cannot mend is no reason for one. A camera that shows black, frozen pictures or
nothing is begun anew by itself, and a full disk is tried again every second: the loop goes on, and
says so. A new start would only lose the rows that wait in memory. What stands still is another
thing: a loop, an outbox or a publisher that hangs does nothing any more, and nobody says why.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the threads beside the loop do: how often the outbox has tried to commit (``tries``),
    the rows that wait for it, and the publisher's rounds (``turns``).
    """

    tries: int = 0
    waiting: int = 0
    turns: int = 0


class Progress:
    """Collects what the agent got done since it was last asked.

    The loop gets on with each frame, of use or not, and while it waits on purpose. The outbox does
    where it tries to commit, or has nothing to; the publisher where it tries to send or to connect.
    """

    def __init__(self) -> None:
        self._came = False
        self._before: Pulse | None = None

    def turn(self) -> None:
        """The loop has come round."""
        self._came = True

    def made(self, now: Pulse) -> bool:
        """Whether all three got on since this was last true."""
        if self._before is None:
            self._before = Pulse(now.tries, 0, now.turns - 1)
        moved = not now.waiting or now.tries != self._before.tries
        if not (self._came and moved and now.turns != self._before.turns):
            return False
        self._came, self._before = False, now
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
