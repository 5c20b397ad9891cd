"""How fast the agent may go. Decisions only: clocks and readings are arguments.

Measures come in this order. The pause between trials is as long as the CPU budget wants it, and the
budget shrinks while the device is warm or slowed down. Where pauses would let a live camera's
scene pass, a frame gets fewer trials (``Rotation`` deals them out). At the heat limit, and above
the memory budget, nothing is tried.

The CPU budget is an account: time pays in at the allowed rate, CPU time draws. Whoever is in debt
waits until it is paid, so over minutes the share is exact whatever a trial costs.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Cause = Literal["", "order", "heat", "memory"]
"""Why nothing is tried: somebody ordered it, it is too hot, or memory is short."""

SAVED_S: Final = 5.0
"""Seconds of budget that are saved up at most while the agent could not use it."""

LONGEST_S: Final = 60.0
"""The longest pause between two trials; debt beyond it is forgiven."""

SHORTEST_S: Final = 0.005
"""Shorter pauses are added up until they are worth a sleep."""

FRAME_S: Final = 2.0
"""What pauses may stretch one live frame to; after that it gets fewer trials."""

WARM: Final = 0.25
"""What is left of the CPU budget just below the heat limit, and while the device is throttled."""

SILENT_S: Final = 60.0
"""Seconds after which a temperature that is no longer told holds up nothing."""

MEMORY_S: Final = 30.0
"""Seconds above the memory budget until the agent pauses."""

HOPELESS_S: Final = 60.0
"""Seconds of such a pause after which only a new start can help."""

ENOUGH: Final = 0.95
"""Share of the memory budget under which a pause for memory ends."""

_SMOOTH: Final = 0.3


@dataclass(frozen=True)
class Limits:
    """What the agent may take. ``cpu_share`` is of ``cores`` together, in (0, 1]; memory is in MB
    of 10^6 bytes and frames are per second, 0 for no limit; at ``pause_c`` degrees Celsius or above
    nothing is tried until it is below ``resume_c``.
    """

    cpu_share: float = 1.0
    cores: int = 1
    memory_mb: float = 0.0
    max_fps: float = 0.0
    pause_c: float = math.inf
    resume_c: float = math.inf


class Governor:
    """Decides for one run. ``limits`` may be replaced while it goes on; ``ordered`` pauses it.

    ``now`` is always a monotonic clock in s, ``cpu_s`` the CPU seconds used up to then by the
    agent and what it has started.
    """

    def __init__(self, limits: Limits, now: float, cpu_s: float) -> None:
        self.limits = limits
        self.ordered = False
        self.throttled = False
        self.temperature_c: float | None = None
        self._account_s, self._at, self._cpu_s = 0.0, now, cpu_s
        self._hot, self._told_at = False, now
        self._short, self._over_since, self._short_since = False, math.inf, math.inf
        self._frame_at = now
        self._kind_s: float | None = None  # of one kind on one frame: in all, and without pauses
        self._busy_s = 0.0

    def renew(self, limits: Limits) -> None:
        """Go by other limits, for other kinds: what one takes is learnt anew, all else is kept."""
        self.limits = limits
        self._kind_s, self._busy_s = None, 0.0

    @property
    def allowed(self) -> float:
        """The share of all cores that the agent may take now, in (0, 1]."""
        return self.limits.cpu_share * self._coolness()

    @property
    def cause(self) -> Cause:
        """Why nothing may be tried now; empty where it may."""
        if self._hot:
            return "heat"
        if self._short:
            return "memory"
        return "order" if self.ordered else ""

    def sense(
        self, now: float, temperature_c: float | None, throttled: bool, resident_mb: float | None
    ) -> None:
        """Take in readings; None where there is none."""
        self.throttled = throttled
        self._sense_heat(now, temperature_c)
        if resident_mb is not None:
            self._sense_memory(now, resident_mb)

    def hopeless(self, now: float) -> bool:
        """Whether memory has stayed above the budget though nothing was tried."""
        return self._short and now - self._short_since >= HOPELESS_S

    def owed(self, now: float, cpu_s: float) -> float:
        """Seconds to wait before the next trial; ask again when they have passed."""
        rate = self.allowed * self.limits.cores
        earned, spent = rate * (now - self._at), cpu_s - self._cpu_s
        self._at, self._cpu_s = now, cpu_s
        account = self._account_s + earned - spent
        self._account_s = min(rate * SAVED_S, max(-rate * LONGEST_S, account))
        wait = -self._account_s / rate
        return wait if wait >= SHORTEST_S else 0.0

    def until_frame(self, now: float) -> float:
        """Seconds until the next frame is due, where frames a second are limited. Takes it."""
        period = 1 / self.limits.max_fps if self.limits.max_fps else 0.0
        self._frame_at = max(self._frame_at + period, now)
        return self._frame_at - now

    def examined(self, kinds: int, took_s: float, paused_s: float) -> None:
        """A frame has been tried under so many kinds, in so long, pauses for CPU among it."""
        if kinds:
            whole, busy = took_s / kinds, max(0.0, took_s - paused_s) / kinds
            if self._kind_s is None:
                self._kind_s, self._busy_s = whole, busy
            self._kind_s += _SMOOTH * (whole - self._kind_s)
            self._busy_s += _SMOOTH * (busy - self._busy_s)

    def kinds(self, count: int) -> int:
        """Under how many of ``count`` kinds the next live frame is tried: one at least.

        All, as long as pauses do not stretch the frame beyond ``FRAME_S``; where the device takes
        longer than that by itself, beyond what it would take for all without pauses.
        """
        if not self._kind_s:
            return count
        most_s = max(FRAME_S, self._busy_s * count)
        return max(1, min(count, math.floor(most_s / self._kind_s + 1e-9)))

    def _coolness(self) -> float:
        if self.throttled:
            return WARM
        limits, now_c = self.limits, self.temperature_c
        if now_c is None or now_c <= limits.resume_c:
            return 1.0
        warmth = (now_c - limits.resume_c) / max(1e-6, limits.pause_c - limits.resume_c)
        return max(WARM, 1.0 - (1.0 - WARM) * warmth)

    def _sense_heat(self, now: float, temperature_c: float | None) -> None:
        if temperature_c is not None:
            self.temperature_c, self._told_at = temperature_c, now
            self._hot = temperature_c >= (
                self.limits.resume_c if self._hot else self.limits.pause_c
            )
        elif now - self._told_at >= SILENT_S:
            self.temperature_c, self._hot = None, False

    def _sense_memory(self, now: float, resident_mb: float) -> None:
        limit = self.limits.memory_mb
        if not limit or resident_mb <= (limit * ENOUGH if self._short else limit):
            self._short, self._over_since = False, math.inf
            return
        self._over_since = min(self._over_since, now)
        if not self._short and now - self._over_since >= MEMORY_S:
            self._short, self._short_since = True, now


class Rotation:
    """Deals kinds out to frames so that none gets more evidence than another.

    Each kind comes once in a round, and the order is drawn anew for each round: a scene that
    changes with a beat does not always meet the same kind. At any time the frames that two kinds
    have had differ by one at most. A frame gets a kind with all its severities, or not at all, so
    that where a target breaks under it stays known.
    """

    def __init__(self, kinds: Sequence[str], seed: int) -> None:
        self.kinds = tuple(dict.fromkeys(kinds))
        self._chance = random.Random(seed)
        self._left: list[str] = []

    def take(self, count: int) -> frozenset[str]:
        """The kinds of the next frame: ``count`` of them, or all."""
        taken: list[str] = []
        while len(taken) < min(count, len(self.kinds)):
            if not any(kind not in taken for kind in self._left):
                self._left += self._chance.sample(self.kinds, len(self.kinds))
            taken.append(next(kind for kind in self._left if kind not in taken))
            self._left.remove(taken[-1])
        return frozenset(taken)
