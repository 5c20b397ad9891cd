"""What goes into a store and comes out of it, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

HOUR_MS: Final = 3_600_000


class Stream(NamedTuple):
    """One device's sequence of rows: a device name means something within its site only."""

    site: str
    device: str
    epoch: str


class Contact(NamedTuple):
    """A sign of life. ``seen_ms`` is the collector's clock, in ms since 1970; ``skew_ms`` how far
    the device's clock is ahead of it, None where that is not known; ``synced`` the device's word.
    """

    site: str
    device: str
    seen_ms: int
    skew_ms: int | None
    synced: bool


class Letter(NamedTuple):
    """A message, or a row of one, that is of no use, and why."""

    topic: str
    payload: bytes
    why: str


class Account(NamedTuple):
    """What a stream has brought: ``rows`` stored, those pruned since among them, and the seqs that
    are settled - stored, or said to never come - as ascending (first, last) with holes between."""

    stream: Stream
    rows: int
    settled: tuple[tuple[int, int], ...]


class Place(NamedTuple):
    """Where a list that comes newest first goes on: at what is older than this row."""

    at_ms: int
    stream: int
    seq: int

    @property
    def name(self) -> str:
        """As addresses of pages spell it."""
        return "-".join(map(str, self))


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a batch: ``contiguous`` is the highest seq below which all is settled."""

    stream: Stream
    contiguous: int
    new: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of a store is asked for; what is empty or None restricts nothing.

    ``device`` means something together with ``site``; ``model`` is a model file's SHA-256.
    ``since_ms`` and ``until_ms`` are ms since 1970 by the collector's clock, and meant in whole
    hours: all those that touch the span from ``since_ms`` (included) to ``until_ms`` (excluded).
    """

    site: str = ""
    device: str = ""
    session: str = ""
    model: str = ""
    condition: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def from_hour(self) -> int | None:
        """The beginning of the first hour, in ms since 1970."""
        return None if self.since_ms is None else self.since_ms // HOUR_MS * HOUR_MS

    @property
    def to_hour(self) -> int | None:
        """The end of the last hour, in ms since 1970."""
        return None if self.until_ms is None else -(-self.until_ms // HOUR_MS) * HOUR_MS


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days rows are kept, None for ever; see ``Store.prune``."""

    trials_days: float | None = None
    evidence_days: float | None = None
    health_days: float | None = None
    rollups_days: float | None = None
