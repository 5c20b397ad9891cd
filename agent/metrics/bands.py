"""Fixed bands for measured properties, so that slices of two runs are the same slices."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple


class Slice(NamedTuple):
    """All targets that share a property's band (or a tag's value)."""

    name: str
    band: str


@dataclass(frozen=True, slots=True)
class Bands:
    """A property's band edges, rising, and its unit; a value on an edge is in the band above."""

    edges: tuple[float, ...]
    unit: str = ""

    def band(self, value: float) -> str:
        """The band's name. Raises ``ValueError`` for NaN.

        >>> BANDS["size_px"].band(16)
        '16 to 32 px'
        >>> BANDS["size_px"].band(3)
        'below 8 px'
        """
        if math.isnan(value):
            raise ValueError("a property that is not a number belongs to no band")
        place = bisect_right(self.edges, value)
        return self.names()[place]

    def names(self) -> tuple[str, ...]:
        """All bands, rising."""
        edges, unit = [f"{edge:g}" for edge in self.edges], f" {self.unit}" if self.unit else ""
        between = [f"{a} to {b}{unit}" for a, b in pairwise(edges)]
        return (f"below {edges[0]}{unit}", *between, f"{edges[-1]}{unit} and above")


BANDS: Final[Mapping[str, Bands]] = {
    "brightness": Bands((30, 60, 90, 120, 150, 180, 210)),
    "contrast": Bands((10, 20, 35, 50, 70)),
    "sharpness": Bands((30, 100, 300, 1000, 3000)),
    "size_px": Bands((8, 16, 32, 64, 96, 128, 256), "px"),
    "distance_m": Bands((5, 10, 20, 30, 50, 80, 120), "m"),
    "hour": Bands((3, 6, 9, 12, 15, 18, 21), "h"),
    "light": Bands((0.2, 0.4, 0.6, 0.8)),
    "yaw": Bands((-45, -30, -15, 15, 30, 45), "degrees"),
}
"""Bands by property.

``brightness`` and ``contrast`` are the mean and the standard deviation of luma 0..255 over the
target; ``sharpness`` is the variance of its Laplacian (Pech-Pacheco et al. 2000), in half decades;
``size_px`` is the root of the target's area, where 32 and 96 are COCO's bounds of small and medium;
``hour`` is the local hour of the day, from 0 to 24. ``light`` (1 is well exposed) and ``yaw``
(of the sign against the view) are tags of the synthetic drive.
"""

NAMES: Final = frozenset({"file"})
"""Tags that name a picture and hold nothing that several pictures share."""


def slices_of(tags: Mapping[str, str], measured: Mapping[str, float]) -> tuple[Slice, ...]:
    """The slices that a target belongs to, by name.

    A tag whose name has bands and whose value is a number is banded, any other tag is its own
    band; a measured property needs bands (``KeyError``). A measured property goes before a tag
    of its name; empty tags are left out, and those that only name a picture.
    """
    own = {
        name: _tagged(name, value) for name, value in tags.items() if value and name not in NAMES
    }
    own.update({name: BANDS[name].band(value) for name, value in measured.items()})
    return tuple(Slice(name, own[name]) for name in sorted(own))


def _tagged(name: str, value: str) -> str:
    if name not in BANDS:
        return value
    try:
        return BANDS[name].band(float(value))
    except ValueError:
        return value
