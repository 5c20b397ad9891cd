"""Temperatures of the kernel's thermal zones."""

from __future__ import annotations

from pathlib import Path

from agent.probes import Probe


class Thermal(Probe):
    """The hottest zone in degrees Celsius. ``root`` is sysfs's folder of zones."""

    def __init__(self, root: Path = Path("/sys/class/thermal")) -> None:
        self.root = root

    def read(self) -> dict[str, float]:
        readings = [_celsius(zone) for zone in self.root.glob("thermal_zone*/temp")]
        known = [value for value in readings if value is not None]
        return {"temperature_c": max(known)} if known else {}


def _celsius(zone: Path) -> float | None:
    """A zone's reading; None where the driver refuses or is off, which is common."""
    try:
        return int(zone.read_text()) / 1000
    except (OSError, ValueError):
        return None
