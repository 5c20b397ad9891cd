"""PostgreSQL's trials lie in a table for each week, so that old ones go at once. Pure."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS
_MONDAY_MS: Final = 4 * DAY_MS
"""The first Monday of 1970."""


class Week(NamedTuple):
    """From its first ms, a Monday in UTC, to the first of the next."""

    first: int
    end: int

    @property
    def table(self) -> str:
        """The name of its table, by its Monday: ``trials_20261123``."""
        return f"trials_{time.strftime('%Y%m%d', time.gmtime(self.first // 1000))}"


def week_of(at_ms: int) -> Week:
    """The week of a time in ms since 1970."""
    first = (at_ms - _MONDAY_MS) // WEEK_MS * WEEK_MS + _MONDAY_MS
    return Week(first, first + WEEK_MS)


def weeks_of(times: Iterable[int]) -> set[Week]:
    """The weeks of times that mostly lie near each other."""
    days = {at // DAY_MS for at in times}
    return {week_of(day * DAY_MS) for day in days}


def week_named(table: str) -> Week | None:
    """The week of a table; None for another table's name."""
    match = re.fullmatch(r"trials_(\d{8})", table)
    if match is None:
        return None
    try:
        day = time.strptime(match[1], "%Y%m%d")
    except ValueError:
        return None
    week = week_of(calendar.timegm(day) * 1000)
    return week if week.table == table else None
