"""Temperatures of the kernel's thermal zones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.probes import Probe
from agent.probes._sysfs import number_in, sysfs

_POSSIBLE_C: Final = (-40.0, 150.0)


class Thermal(Probe):
    """The hottest zone in degrees Celsius. ``root`` is sysfs's folder of zones.

    Zones of a power chip are left out: those of Jetsons say 50 or 100 whatever happens.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or sysfs() / "class/thermal"

    def read(self) -> dict[str, float]:
        readings = [_celsius(zone) for zone in self.root.glob("thermal_zone*")]
        known = [value for value in readings if value is not None]
        return {"temperature_c": max(known)} if known else {}


def _celsius(zone: Path) -> float | None:
    """A zone's reading; None where the driver refuses or is off, which is common."""
    value = number_in(zone / "temp")
    if value is None or _kind(zone).lower().startswith("pmic"):
        return None
    least, most = _POSSIBLE_C
    return value / 1000 if least <= value / 1000 <= most else None


def _kind(zone: Path) -> str:
    try:
        return (zone / "type").read_text()
    except OSError:
        return ""
