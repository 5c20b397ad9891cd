"""Numbers and sightings as a reader would say them. Pure text; escaping is the page's work."""

from __future__ import annotations

from collections.abc import Sequence

from agent.values import Sighting

NARROW = "\u202f"
"""Narrow no-break space, between a number and its per cent sign."""

UNKNOWN = (0.0, 1.0)
"""The interval of a share that nothing is known of: of no targets, or of a single scene."""


def percent(share: float) -> str:
    """A share in [0, 1] as per cent; decimals only where they tell something.

    >>> percent(0.9346).replace(NARROW, " "), percent(1.0).replace(NARROW, " ")
    ('93.5 %', '100 %')
    """
    value = f"{share * 100:.1f}".removesuffix(".0")
    return f"{value}{NARROW}%"


def percent_range(interval: tuple[float, float]) -> str:
    """An interval of shares, to whole per cent; one that bounds nothing is ``unknown``.

    >>> percent_range((0.823, 0.978)).replace(NARROW, " ")
    '82–98 %'
    >>> percent_range((0.0, 1.0))
    'unknown'
    """
    if interval == UNKNOWN:
        return "unknown"
    low, high = (f"{bound * 100:.0f}" for bound in interval)
    return f"{low}–{high}{NARROW}%"


def severity(value: float) -> str:
    """A severity without needless zeros.

    >>> severity(0.5), severity(1.0)
    ('0.5', '1')
    """
    return f"{value:.3g}"


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them.

    >>> listed(["fog", "rain", "sticker"])
    'fog, rain and sticker'
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def count(n: int, noun: str, plural: str = "") -> str:
    """A number of things.

    >>> count(1, "frame"), count(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}".replace(",", NARROW)


def readable(kind: str) -> str:
    """A kind's name without underscores."""
    return kind.replace("_", " ")


def verdict_class(sighting: Sighting, label: str) -> str:
    """``seen``, ``misread`` or ``lost``."""
    if sighting.seen:
        return "seen"
    return "misread" if sighting.label not in (None, label) else "lost"


def verdict(sighting: Sighting, label: str, *, seen_clean: bool = True) -> str:
    """What became of a target called ``label``, in a few words.

    Only what was seen on the clean frame can be lost.

    >>> verdict(Sighting(True, "stop", 0.931), "stop")
    'seen 0.93'
    >>> verdict(Sighting(False, "yield", 0.2), "stop")
    'misread as yield'
    """
    found = verdict_class(sighting, label)
    if found == "seen":
        return f"seen {sighting.confidence:.2f}"
    if found == "misread":
        return f"misread as {sighting.label}"
    return "lost" if seen_clean else "not seen"
