"""Keeps a run within its limits: the clocks, waits and words of what the governor decides."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from agent.errors import BudgetError
from agent.governor import LONGEST_S, Cause, Governor, Limits, Rotation
from agent.memory import trim
from agent.probes._cpu import CpuMeter, cores
from agent.profile import Profile
from agent.session import Interrupted
from agent.strategies import Strategy

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
"""How often readings are taken in, and duties seen to, while frames are examined or waited for."""


def limits_of(profile: Profile) -> Limits:
    """What a profile allows on this machine."""
    budgets, thermal = profile.budgets, profile.thermal
    return Limits(
        cpu_share=budgets.cpu_share,
        cores=cores(),
        memory_mb=budgets.memory_mb,
        max_fps=budgets.max_fps,
        pause_c=thermal.pause_c,
        resume_c=thermal.resume_c,
    )


class Pace:
    """Says of one run when the next frame and the next trial may be, by waiting until then.

    ``readings`` gives what the device's probes know; ``duty`` is called about once a second for as
    long as it waits, whatever for. Frames of a ``live`` camera pass by, so where time is short they
    are tried under some kinds each; recorded frames wait, and are tried under all. All waits end
    when ``stop`` is set. Times are those of the monotonic clock.
    """

    def __init__(
        self,
        limits: Limits,
        strategy: Strategy,
        stop: threading.Event,
        readings: Callable[[], Mapping[str, float]],
        *,
        live: bool = False,
        seed: int = 0,
    ) -> None:
        self._meter = CpuMeter()
        self.governor = Governor(limits, time.monotonic(), self._meter.read())
        self.throttled = False  # at any time of the last frame
        self._stop, self._seed = stop, seed
        self._sensed, self._live = readings, live
        self.duty: Callable[[], None] = lambda: None
        self._deal(strategy)
        self._ticked = -math.inf
        self._held: dict[str, float] = defaultdict(float)
        self._cause: Cause = ""
        self._unpaid = False
        self._trials = self._frames = 0
        self._share = 0.0
        self._before = (time.monotonic(), 0.0, 0.0)
        self._tick()

    def renew(self, limits: Limits, strategy: Strategy) -> None:
        """Another session begins: other limits and kinds, but the heat and debts there are."""
        self.governor.renew(limits)
        self._deal(strategy)

    def begin(self) -> None:
        """Wait until a frame may be examined; say under which kinds. Raises as ``between`` does."""
        self._began, self._held_before = time.monotonic(), dict(self._held)
        self.between()
        kinds = self._rotation.kinds
        count = self.governor.kinds(len(kinds)) if self._live else len(kinds)
        self._strategy.only = self._rotation.take(count) if count < len(kinds) else None
        self._frames += 1
        self._share += count / len(kinds) if kinds else 1.0
        self.throttled = self.governor.throttled

    def between(self) -> None:
        """Wait until the next trial may be made.

        Raises ``Interrupted`` when the run is to stop, ``BudgetError`` where memory has stayed
        above the budget though nothing was tried.
        """
        self._trials += 1
        self._allow()
        if self._stop.is_set():
            raise Interrupted

    def end(self) -> None:
        """The frame has been examined: learn from it, and wait until the next one is due."""
        before = self._held_before
        paused_s = self._held["cpu"] - before.get("cpu", 0.0)
        held_s = sum(self._held.values()) - sum(before.values()) - paused_s
        took_s = time.monotonic() - self._began - held_s
        count = len(self._rotation.kinds if self._strategy.only is None else self._strategy.only)
        self.governor.examined(count, took_s, paused_s)

    def rest(self) -> None:
        """Wait until the next frame may be examined; it is taken after that, and is fresh.

        Raises ``BudgetError`` as ``between`` does.
        """
        due = time.monotonic() + self.governor.until_frame(time.monotonic())
        while (left := due - time.monotonic()) > 0 and not self._stop.is_set():
            self._wait(left, "fps")
        self._allow()

    def readings(self) -> dict[str, float]:
        """How it has gone since the last call; ``paused_*_s`` since the beginning."""
        now, cpu_s, paused_s = time.monotonic(), self._meter.read(), self._held["cpu"]
        at, cpu_before, paused_before = self._before
        self._before = (now, cpu_s, paused_s)
        governor = self.governor
        known = {
            "cpu_share": (cpu_s - cpu_before) / max(1e-6, now - at) / governor.limits.cores,
            "cpu_allowed": governor.allowed,
            "pause_ms": 1000 * (paused_s - paused_before) / max(1, self._trials),
            "paused": float(bool(governor.cause)),
            **{
                f"paused_{cause}_s": self._held[cause]
                for cause in ("cpu", "heat", "memory", "order")
            },
        }
        if self._frames:
            known["kinds_share"] = self._share / self._frames
        self._trials = self._frames = 0
        self._share = 0.0
        return {name: round(value, 4) for name, value in known.items()}

    def _deal(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._rotation = Rotation([c.kind for c in strategy.conditions], self._seed)

    def _allow(self) -> None:
        """Wait until something may be tried, or the run is to stop."""
        self._tick()
        self._hold()
        until = time.monotonic() + LONGEST_S
        while (now := time.monotonic()) < until and not self._stop.is_set():
            wait_s = self.governor.owed(now, self._meter.read())
            if not wait_s:
                break
            self._wait(min(wait_s, until - now), "cpu")
            self._hold()
        else:
            self._tell_unpaid()

    def _tick(self) -> None:
        """Take in readings and see to duties, when it is time."""
        now = time.monotonic()
        if now - self._ticked < TICK_S:
            return
        self._ticked = now
        known = self._sensed()
        resident = known.get("resident_mb")
        self.governor.sense(
            now,
            known.get("temperature_c"),
            bool(known.get("throttled")),
            None if resident is None else resident + known.get("children_mb", 0.0),
        )
        self.throttled |= self.governor.throttled
        self._tell()
        self.duty()

    def _hold(self) -> None:
        """Wait for as long as nothing may be tried."""
        while (cause := self.governor.cause) and not self._stop.is_set():
            if self.governor.hopeless(time.monotonic()):
                raise BudgetError(
                    "The agent takes more memory than its budget of "
                    f"{self.governor.limits.memory_mb:g} MB, and pausing has not helped.",
                    remedy="Start it again; where that does not help, raise budgets.memory_mb, or "
                    "take a smaller model or camera mode.",
                )
            self._wait(TICK_S, cause)

    def _wait(self, seconds: float, cause: str) -> None:
        began = time.monotonic()
        self._stop.wait(min(seconds, TICK_S))
        self._held[cause] += time.monotonic() - began
        self._tick()

    def _tell_unpaid(self) -> None:
        """Say, once, that the longest pause has not paid for what the agent uses meanwhile."""
        if not self._unpaid and not self._stop.is_set():
            self._unpaid = True
            log.warning(
                "Without any trial the agent takes more than its CPU budget, %.0f %% of %d cores. "
                "Give the camera a smaller size or frame rate, or raise budgets.cpu_share.",
                100 * self.governor.allowed,
                self.governor.limits.cores,
            )

    def _tell(self) -> None:
        """Say in the log that a pause begins or ends."""
        cause = self.governor.cause
        if cause == self._cause:
            return
        limits, now_c = self.governor.limits, self.governor.temperature_c
        if cause == "heat":
            log.warning(
                "Paused: it is %.1f C, the limit is %.1f C; goes on below %.1f C.",
                now_c,
                limits.pause_c,
                limits.resume_c,
            )
        elif cause == "memory":
            log.warning("Paused: more than the budget of %g MB is resident.", limits.memory_mb)
            trim()
        elif cause == "order":
            log.info("Paused by order.")
        else:
            log.info(
                "Goes on after a pause for %s, %.0f s in all.", self._cause, self._held[self._cause]
            )
        self._cause = cause
