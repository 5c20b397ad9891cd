"""Figures and names in words. Pure."""

from __future__ import annotations

from typing import Final

UNITS: Final = {"temperature_c": " °C", "clock_skew_s": " s", "outbox_rows": " rows"}


def long(seconds: float) -> str:
    """A span in its fitting unit: ``40 s``, ``5 min``, ``7 h``, ``3 days``."""
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def percent(share: float) -> str:
    """``4.9 %``."""
    return f"{100 * share:.1f} %"


def ratio(k: float, n: float) -> str:
    """``21 of 96 (21.9 %)``."""
    return f"{k:.0f} of {n:.0f} ({percent(k / n)})" if n else "none"


def plain(text: str) -> str:
    """Others' words as one short line that moves no cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]
