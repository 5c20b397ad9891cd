"""How far the devices' clocks are ahead of the collector's. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW: Final = 32
MOST_DEVICES: Final = 10_000


class Clocks:
    """Estimates each device's clock from what it says the time is, against when that arrived.

    A message says less than the truth by as long as it was under way, and that may be days where
    a broker held it. So the largest of the last ``WINDOW`` differences counts: that of the message
    which came quickest. It is low by that one's delay, and after a clock was put back it is wrong
    until the window is full of newer messages.
    """

    def __init__(self) -> None:
        self._devices: dict[tuple[str, str], deque[int]] = {}

    def heard(self, site: str, device: str, said_ms: int, now_ms: int) -> int:
        """A device says ``said_ms`` and we have ``now_ms``; its clock less ours, in ms."""
        # Taken out and put back, so that the device not heard for longest is first.
        differences = self._devices.pop((site, device), None) or deque(maxlen=WINDOW)
        if len(self._devices) >= MOST_DEVICES:
            del self._devices[next(iter(self._devices))]
        self._devices[site, device] = differences
        differences.append(said_ms - now_ms)
        return max(differences)
