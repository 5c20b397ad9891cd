"""What a kind of database does for a store: the few things that differ between kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final

Values = Mapping[str, Any]
NOTHING: Final[Values] = {}


class Database(ABC):
    """Queries hold their values as ``:name``, in ``many`` as ``?``; no other colons or marks.

    Raises ``StoreError`` where it cannot be reached, read or written, ``PoisonError`` for values
    that it will never take.
    """

    name: str
    """How messages call it; never with a password."""
    for_update: ClassVar[str] = ""
    """What is added to a query whose rows are to be held until the transaction's end."""

    hold: ClassVar[str] = ""
    """The statement that keeps all other writers out until the transaction's end."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """A transaction that may write. One at a time; what fails in it, undoes it."""

    @abstractmethod
    def execute(self, query: str, values: Values = NOTHING) -> list[tuple[Any, ...]]:
        """Execute within the transaction; the rows that it gives."""

    @abstractmethod
    def many(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute within the transaction for each of some rows."""

    @abstractmethod
    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str
    ) -> None:
        """Put rows into a table within the transaction; ``conflict`` says ``ON CONFLICT ...``; it
        is empty where there can be none."""

    @abstractmethod
    def alone(self, *, wait: bool = False) -> bool:
        """Whether nobody else adds up sums until the transaction's end; who does is waited for
        where that is asked."""

    @abstractmethod
    def taking(self, table: str) -> AbstractContextManager[str]:
        """Where the rows of a table can be read within the transaction, which are then gone from
        it; those that others put into it meanwhile stay."""

    def sweep(self, table: str) -> None:  # noqa: B027 - where rows that are gone take no time
        """Between transactions, after a table's rows were taken."""

    @abstractmethod
    def select(self, query: str, values: Values = NOTHING) -> Iterator[dict[str, Any]]:
        """Read, from any thread, what is committed; row by row, in bounded memory."""

    @abstractmethod
    def scan(self, query: str, values: Values = NOTHING) -> Iterator[tuple[Any, ...]]:
        """Read within the transaction, in bounded memory, while ``insert`` may be called."""

    @abstractmethod
    def changes(self) -> object:
        """See ``Store.changes``."""

    @abstractmethod
    def ready(self) -> None:
        """See ``Store.ready``."""

    @abstractmethod
    def prune_trials(
        self, before: int, transaction: Callable[[], AbstractContextManager[None]]
    ) -> int:
        """Take out trials made before a time in ms, in transactions of its own; how many."""

    @abstractmethod
    def give_back(self) -> None:
        """Give the space of what was taken out back to the system, where that is of use."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it. May be called twice."""
