"""Probes: each file is one kind, a reading of the device's health. Imports values and errors.

Every probe is optional and quick: what cannot be read on this device is left out.

To add one: a file ``agent/probes/<kind>.py`` with one public class that extends ``Probe``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from agent.family import Family


class Probe(ABC):
    """Reads some facts about the device."""

    @abstractmethod
    def read(self) -> dict[str, float]:
        """Name -> value with the unit in the name (``temperature_c``); empty where unreadable."""


family = Family("probe", __name__, Probe)  # type: ignore[type-abstract]
