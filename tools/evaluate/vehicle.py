"""How a system that follows its signs decides and brakes, as a user says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.errors import UsageError
from agent.metrics.approach import Braking, Voting

SPEEDS_KMH: Final = (30.0, 50.0, 80.0)
FASTEST_KMH: Final = 500.0


@dataclass(frozen=True)
class Vehicle:
    """How the system decides and brakes, and at which speeds in km/h that is judged."""

    voting: Voting = field(default_factory=Voting)
    braking: Braking = field(default_factory=Braking)
    speeds_kmh: tuple[float, ...] = SPEEDS_KMH


def parse_vehicle(vote: str, speeds_kmh: Sequence[float] | None = None) -> Vehicle:
    """A vehicle from ``--vote 3/5`` and ``--speed 50``. Raises ``UsageError``."""
    found = re.fullmatch(r"(\d{1,3})/(\d{1,3})", vote.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(
            f"{vote!r} is no vote.", remedy="Give --vote K/N with 1 <= K <= N, such as 3/5."
        )
    speeds = tuple(dict.fromkeys(speeds_kmh or SPEEDS_KMH))
    if not all(0 < speed <= FASTEST_KMH for speed in speeds):
        raise UsageError(
            f"A speed of {min(speeds):g} to {max(speeds):g} km/h cannot be judged.",
            remedy=f"Give --speed in km/h, above 0 and up to {FASTEST_KMH:g}.",
        )
    return Vehicle(Voting(int(found[1]), int(found[2])), Braking(), speeds)
