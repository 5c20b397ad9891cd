"""Where devices are: a plain map of their places, in the coordinates of the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tools.dashboard.devices import Device

WIDTH: Final = 640.0
HEIGHT: Final = 320.0
EDGE: Final = 24.0
LEAST_DEGREES: Final = 0.02
"""About two km: devices of one street do not fill the map with noise."""


@dataclass(frozen=True)
class Spot:
    """A device at ``x``, ``y``, in units of a drawing of 640 by 320."""

    device: Device
    x: float
    y: float


def spots(devices: Sequence[Device]) -> list[Spot]:
    """The devices whose place is known; east is as long as north in the middle of the map."""
    placed = [
        (device, device.place.lat, device.place.lon)
        for device in devices
        if device.place.lat is not None and device.place.lon is not None
    ]
    if not placed:
        return []
    lats, lons = [lat for _, lat, _ in placed], [lon for _, _, lon in placed]
    lat, lon = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    narrow = max(0.05, math.cos(math.radians(lat)))
    across = max(LEAST_DEGREES, (max(lons) - min(lons)) * narrow)
    along = max(LEAST_DEGREES, max(lats) - min(lats))
    scale = min((WIDTH - 2 * EDGE) / across, (HEIGHT - 2 * EDGE) / along)
    return [
        Spot(
            device,
            round(WIDTH / 2 + (at_lon - lon) * narrow * scale, 1),
            round(HEIGHT / 2 - (at_lat - lat) * scale, 1),
        )
        for device, at_lat, at_lon in placed
    ]
