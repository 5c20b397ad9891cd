"""Probes: each file is one kind, a reading of the device's health. Imports values and errors.

Every probe is optional: what cannot be read on this device is left out. ``_watch.py`` reads them
beside the loop, which never waits for one.

To add one: a file ``agent/probes/<kind>.py`` with one public class that extends ``Probe``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from agent.family import Family, kind_of


class Probe(ABC):
    """Reads some facts about the device, every ``period_s`` seconds."""

    period_s: ClassVar[float] = 1.0

    @classmethod
    def kind(cls) -> str:
        return kind_of(cls)

    @abstractmethod
    def read(self) -> dict[str, float]:
        """Name -> value with the unit in the name (``temperature_c``); empty where unreadable."""


family = Family("probe", __name__, Probe)  # type: ignore[type-abstract]
