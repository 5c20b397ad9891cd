"""Which sequence numbers of a stream are settled, as few ranges. Pure."""

from __future__ import annotations

from typing import NamedTuple

MOST = 1000
"""More ranges than this are not remembered: rows above them are sent, and told apart, again."""


class Range(NamedTuple):
    first: int
    last: int


def settled(ranges: tuple[Range, ...], *more: Range) -> tuple[Range, ...]:
    """Ranges joined with more: ascending, touching ones merged, empty ones left out."""
    joined: list[Range] = []
    for item in sorted((*ranges, *more)):
        if item.last < item.first:
            continue
        if joined and item.first <= joined[-1].last + 1:
            joined[-1] = Range(joined[-1].first, max(joined[-1].last, item.last))
        else:
            joined.append(item)
    return tuple(joined[:MOST])


def contiguous(ranges: tuple[Range, ...]) -> int:
    """The last of the range that begins at 1; 0 where none does."""
    return ranges[0].last if ranges and ranges[0].first == 1 else 0
