"""A simulated device's clocks: of its own boot, and off where it is not synchronised."""

from __future__ import annotations

import time
from typing import Final

from agent.record import Stamp
from tools.fleet.plan import HOUR_MS, Device, Plan

_DAY_MS: Final = 24 * HOUR_MS


class Clock:
    """Stamps what a device makes now, or made then."""

    def __init__(self, device: Device, plan: Plan) -> None:
        self.boot = f"{device.seed:032x}"
        self._skew_ms = device.skew_ms
        up_ms = (1 + device.number % 9) * _DAY_MS
        self._booted_ms = int(plan.until_ms - plan.hours * HOUR_MS) - up_ms

    def stamp(self, at_ms: int | None = None) -> Stamp:
        """The clocks ``at_ms`` (ms since 1970 of the true time); None: now."""
        true_ms = int(time.time() * 1000) if at_ms is None else at_ms
        return Stamp(
            self.boot, true_ms - self._booted_ms, true_ms + self._skew_ms, not self._skew_ms
        )
