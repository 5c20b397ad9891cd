"""The loop's own figures for the health record: frames a second, and what a prediction takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Final

from agent.session import Examination

_P95: Final = 0.95


class Health:
    """Gathers figures and says every ``period_s`` seconds that they are due.

    Predictions made while the device was throttled are told apart from the others.
    """

    def __init__(self, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period_s, self._clock = period_s, clock
        self._since = clock()
        self._frames = 0
        self._usual_s: list[float] = []
        self._throttled_s: list[float] = []

    @property
    def due(self) -> bool:
        return self._clock() - self._since >= self._period_s

    def add(self, seen: Examination, throttled: bool) -> None:
        """Count a frame; ``throttled``: the device was, at some time of it."""
        self._frames += 1
        (self._throttled_s if throttled else self._usual_s).extend(seen.predictions_s)

    def readings(self) -> dict[str, float]:
        """The figures since the last call: ``predict_ms`` is the median of ``predictions``."""
        now = self._clock()
        rate = self._frames / max(1e-6, now - self._since)
        told = {
            "frames_per_s": round(rate, 3),
            **_latency("predict", "predictions", self._usual_s),
            **_latency("predict_throttled", "predictions_throttled", self._throttled_s),
        }
        self._since, self._frames, self._usual_s, self._throttled_s = now, 0, [], []
        return told


def _latency(name: str, count: str, seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile (nearest rank) in ms, and of how many; nothing of none."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        f"{name}_ms": round(1000 * ordered[len(ordered) // 2], 3),
        f"{name}_p95_ms": round(1000 * ordered[math.ceil(_P95 * len(ordered)) - 1], 3),
        count: float(len(ordered)),
    }
