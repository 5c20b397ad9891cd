"""Stores: each file is one kind, a place where collected rows are kept; a URL's scheme names it.

May import ``agent.record``; neither OpenCV nor TFLite. To add one: a file
``tools/stores/<scheme>.py`` with one public class that extends ``Store``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

from agent.errors import UsageError
from agent.family import Family
from agent.record import Batch, Status


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
    """What a stream has brought: ``rows`` stored, and the seqs that are settled - stored, or said
    to never come - as ascending (first, last) with holes between."""

    stream: Stream
    rows: int
    settled: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a batch: ``contiguous`` is the highest seq below which all is settled."""

    stream: Stream
    contiguous: int
    new: int
    duplicates: int


class Store(ABC):
    """Keeps rows once each, identified by (site, device, epoch, seq).

    What is stored is committed before the call returns. Raises ``StoreError`` where it cannot be
    reached or written now, ``PoisonError`` for rows that it will never take, and leaves nothing
    half done.
    """

    @abstractmethod
    def store_all(self, batches: Sequence[Batch], contacts: Sequence[Contact] = ()) -> list[Stored]:
        """Store batches in one transaction; one answer for each, in order."""

    def store(self, batch: Batch) -> int:
        """Store one batch; the highest seq up to which all its stream's rows are settled."""
        return self.store_all([batch])[0].contiguous

    @abstractmethod
    def highest_contiguous(self, stream: Stream) -> int:
        """The seq up to which all rows are stored or declared as never to come; 0 for none."""

    @abstractmethod
    def status(self, status: Status, contact: Contact | None = None) -> None:
        """Keep a device's status; an ``offline`` of an older session than the last is ignored."""

    @abstractmethod
    def bury(self, letters: Sequence[Letter]) -> None:
        """Keep messages that cannot be used, bounded in size and number, in one transaction."""

    @abstractmethod
    def sessions(self) -> Iterator[dict[str, Any]]:
        """Sessions in the order of their start: what was said at start and end, and
        ``trials_stored`` beside the agent's own ``trials_counted`` (None while it runs)."""

    @abstractmethod
    def trials(self, session: str, site: str = "", device: str = "") -> Iterator[dict[str, Any]]:
        """A session's trials in the order in which they were made; only what that device sent,
        where one is given: another could send rows under the same session."""

    @abstractmethod
    def counts(self, session: str = "") -> Iterator[dict[str, Any]]:
        """Per (condition, severity): ``n``, ``clean_seen``, ``perturbed_seen``, ``flips``; of one
        session, or of all."""

    @abstractmethod
    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Rows of ``phantoms``, ``health``, ``evidence``, ``gaps`` and ``unknown_rows``, with
        site and device of their sender; of ``last_health``, the newest of each stream; of
        ``statuses``, ``contacts`` and ``dead_letters``."""

    @abstractmethod
    def accounts(self) -> Iterator[Account]:
        """One per stream, in the order of their beginning."""

    @abstractmethod
    def dead_letters(self) -> Iterator[dict[str, Any]]:
        """Per topic: how many ``letters``, and when the last came (``last_ms``) and ``why``."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store. May be called twice."""

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


family = Family("store", __name__, Store)  # type: ignore[type-abstract]


def open_store(url: str, *, create: bool = True) -> Store:
    """Open ``sqlite:///path`` (absolute: four slashes) or a bare path.

    ``create`` makes a store that is not there yet. Raises ``UnknownKind`` for another scheme,
    ``DataError`` where there is none and none is to be made, ``StoreError`` for a place that
    cannot be used.
    """
    scheme, found, place = url.partition("://")
    if not found:
        scheme, place = "sqlite", f"/{url}"
    if not place.strip("/"):
        raise UsageError(f"{url!r} names no place.", remedy="Give it as sqlite:///path/to/file.db.")
    store: type[Any] = family.load(scheme)
    opened: Store = store(place[1:], create=create)
    return opened
