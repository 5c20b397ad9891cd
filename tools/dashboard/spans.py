"""How far back a page looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

HOUR_MS: Final = 3_600_000
Span = Literal["6h", "24h", "7d", "30d", "all"]


@dataclass(frozen=True)
class Window:
    """From ``since_ms``, included, to ``until_ms``, excluded, in whole hours; None is unbounded."""

    name: str
    words: str
    since_ms: int | None
    until_ms: int | None = None


HOURS: Final[dict[str, int]] = {"6h": 6, "24h": 24, "7d": 168, "30d": 720}
WORDS: Final[dict[str, str]] = {
    "6h": "last 6 hours",
    "24h": "last 24 hours",
    "7d": "last 7 days",
    "30d": "last 30 days",
    "all": "all time",
}


def window(span: str, now_ms: int) -> Window:
    """The hours of a span that ends now; the hour that runs is its last."""
    if span not in HOURS:
        return Window("all", WORDS["all"], None)
    ends = (now_ms // HOUR_MS + 1) * HOUR_MS
    return Window(span, WORDS[span], ends - HOURS[span] * HOUR_MS)


def before(of: Window) -> Window | None:
    """The window of the same length just before; None for one without beginning."""
    if of.since_ms is None:
        return None
    length = HOURS[of.name] * HOUR_MS
    return Window(
        of.name, f"the {of.words.removeprefix('last ')} before", of.since_ms - length, of.since_ms
    )
