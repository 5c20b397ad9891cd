"""Which devices there are, and what is peculiar about each. Pure; all follows from the seed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Final

import numpy as np

from agent.errors import UsageError
from agent.values import derived_seed
from tools.fleet.nature import CANARY_CLEAN, MODELS, Fall, Model

HOSTILE: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202e'; DROP--"
PROFILES: Final = (
    "raspberry-pi-4b",
    "raspberry-pi-5",
    "jetson-orin-nano",
    "jetson-nano",
    "coral-dev-board",
)
SUITES: Final = ("quick", "quick", "demo", "weather", "quick", "imagenet-c-224")
SITES: Final = ("harbour", "north-yard", "old-mill", "ring-road", "depot-2", "school", "tunnel-e")
HOUR_MS: Final = 3_600_000
SILENT_AT: Final = 0.7
"""The share of its trials after which a device that goes silent does so."""
UPGRADE_AT: Final = 0.6
SKEWS_MS: Final = (2 * HOUR_MS, -72 * HOUR_MS, 40_000)


@dataclass(frozen=True)
class Device:
    """One simulated device.

    ``later`` runs from ``UPGRADE_AT`` of its trials on. ``skew_ms`` is how far its clock is ahead,
    0 for one that is synchronised. ``silent``: it is killed when its trials are through. ``gap``:
    its outbox is too small for the time that it cannot send. ``truth``: it knows what is there.
    """

    number: int
    site: str
    name: str
    trials: int
    model: Model
    later: Model | None
    profile: str
    suite: str
    truth: bool
    skew_ms: int
    silent: bool
    gap: bool
    hostile: bool
    fall: Fall | None
    seed: int

    @property
    def until(self) -> float:
        """The share of the fleet's time at whose end it falls silent; 1 for most."""
        return SILENT_AT if self.silent else 1.0


@dataclass(frozen=True)
class Plan:
    """A fleet. Trials are spread over the ``hours`` before ``until_ms`` (ms since 1970); with
    ``hours`` 0 each is made when it is put. ``fall`` names devices by a pattern such as
    ``depot-2/*`` or ``cam-007``.
    """

    devices: int = 200
    trials: int = 1_000_000
    seed: int = 0
    sites: int = 6
    hours: float = 72.0
    until_ms: int = 0
    fall: str = ""
    fall_from: float = 0.05
    fall_to: float = 0.20

    def __post_init__(self) -> None:
        for name in ("devices", "trials", "sites"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} is {getattr(self, name)}, and must be at least 1.")
        if not (0 <= self.fall_from < 1 and 0 <= self.fall_to < 1):
            raise UsageError("--fall-from and --fall-to are shares: 0 or more, and below 1.")
        if self.hours < 0:
            raise UsageError("--hours must not be negative.", remedy="0 means: as it happens.")

    def begun(self) -> Plan:
        """The same, ending now where no end is given."""
        return self if self.until_ms else replace(self, until_ms=int(time.time() * 1000))

    @cached_property
    def fleet(self) -> tuple[Device, ...]:
        """All devices. Raises ``UsageError`` where the fall's pattern fits none."""
        made = tuple(self._device(number) for number in range(self.devices))
        if self.fall and not any(device.fall for device in made):
            raise UsageError(
                f"No device is named as in --fall {self.fall!r}.",
                remedy=f"The first is {made[0].site}/{made[0].name}.",
            )
        return made

    @cached_property
    def _shares(self) -> tuple[int, ...]:
        """Trials per device, unequal by chance, of the sum that is wanted."""
        weights = np.random.default_rng(derived_seed(self.seed, "shares")).uniform(
            0.6, 1.4, self.devices
        )
        edges = np.rint(np.cumsum(weights) / weights.sum() * self.trials).astype(int).tolist()
        return tuple(b - a for a, b in zip([0, *edges[:-1]], edges, strict=True))

    def _device(self, number: int) -> Device:
        seed = derived_seed(self.seed, "device", number)
        chance = np.random.default_rng(seed)
        place = number % self.sites
        site = SITES[place] if place < len(SITES) else f"site-{place + 1}"
        model = MODELS[int(chance.integers(len(MODELS)))]
        name = f"cam-{number + 1:03d}"
        fall = None
        if self.fall and any(fnmatchcase(text, self.fall) for text in (name, f"{site}/{name}")):
            fall = Fall(self.fall_from, self.fall_to)
            model = replace(model, clean=CANARY_CLEAN)
        hostile = number == 1
        return Device(
            number=number,
            site=site,
            name=name,
            trials=self._shares[number],
            model=replace(model, name=HOSTILE) if hostile else model,
            later=_later(model, number, place),
            profile=HOSTILE if hostile else PROFILES[int(chance.integers(len(PROFILES)))],
            suite=SUITES[int(chance.integers(len(SUITES)))],
            truth=bool(chance.random() < 0.4),
            skew_ms=SKEWS_MS[number // 20 % len(SKEWS_MS)] if number % 20 == 3 else 0,
            silent=number % 100 == 2,
            gap=number % 20 == 4,
            hostile=hostile,
            fall=fall,
            seed=seed,
        )

    def to_json(self) -> dict[str, Any]:
        """What makes this fleet this one."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _later(model: Model, number: int, place: int) -> Model | None:
    """One device's file is replaced under its name; one site gets the new version."""
    if number == 5:
        return replace(model, build=2, strength=model.strength - 0.1)
    if place == 0 and model == MODELS[0]:
        return MODELS[1]
    return None
