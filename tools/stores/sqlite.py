"""The store in one SQLite file: for one collector, and readers beside it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from agent.errors import DataError, UsageError
from tools.stores import Store
from tools.stores._database import NOTHING, Database, Values
from tools.stores._errors import PoisonError, StoreError
from tools.stores._pruning import prune_rows
from tools.stores._rebuild import rebuild
from tools.stores._schema import CONDENSED, COUNTED, MIGRATIONS
from tools.stores._spans import condense

_POISON = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)
"""What is wrong with the rows; all else is wrong with the store."""
MOST_VALUES: Final = 999
"""Values of one INSERT, which costs as much as a few rows; SQLite may allow no more."""
READY_S: Final = 2.0
FETCHED: Final = 500
"""Rows that are read at a time.

While they are given on, nothing keeps the store from being closed.
"""
LEAST_BYTES: Final = 1 << 20
"""A file system with less space than this takes no rows."""
# What has no adapter is asked for one by every value: a quarter of the time of an insert.
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(type(None), lambda none: none)


class Sqlite(Store):
    """``sqlite:///path``: WAL and ``synchronous=FULL``, so that committed means on the disk."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        place = url.partition("://")[2]
        if not place.strip("/"):
            raise UsageError(
                f"{url!r} names no place.", remedy="Give it as sqlite:///path/to/file.db."
            )
        super().__init__(_File(Path(place[1:]), create))


class _Reader:
    """A thread's connection. Closing one that another thread is using would crash the process, so
    ``lock`` is held while SQLite is at work with it, and never while rows are given on."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.lock = db, threading.Lock()

    def rows(self, query: str, values: Values) -> Iterator[dict[str, Any]]:
        with self.lock:
            cursor = self.db.execute(query, values)
            names = [column[0] for column in cursor.description]
        while True:
            with self.lock:
                some = cursor.fetchmany(FETCHED)
            if not some:
                return
            for row in some:
                yield dict(zip(names, row, strict=True))

    def close(self) -> None:
        """End what is being read; whoever reads gets a ``sqlite3.Error``."""
        self.db.interrupt()
        with self.lock:
            self.db.close()


class _File(Database):
    def __init__(self, path: Path, create: bool) -> None:
        self.path, self.name = path, str(path)
        if not create and not path.is_file():
            raise DataError(
                f"There is no store {path}.", remedy="Check the path given with --store."
            )
        self._readers: list[_Reader] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        self._own = threading.local()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect()
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # in a new file only
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
            self._watch = _Reader(self._connect())
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The store {path} cannot be opened: {error}.",
                remedy="Give a file in a folder that this user may write to.",
            ) from None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)

    def _migrate(self) -> None:
        done = self._version()
        if done > len(MIGRATIONS):
            raise StoreError(
                f"The store {self.path} was made by a newer Fieldproof (version {done}).",
                remedy="Use that version, or another store.",
            )
        if done == len(MIGRATIONS):
            return
        with self.transaction():  # one for all: a store is never between two versions
            # Asked again within: another process may be making the same file at this moment.
            done = self._version()
            if done >= len(MIGRATIONS):
                return
            for migration in MIGRATIONS[done:]:
                migration(self._db)
            if done < COUNTED:
                rebuild(self)
            elif done < CONDENSED:
                condense(self, time.time_ns() // 1_000_000)
            self._db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except _POISON as error:
            self._undo()
            raise PoisonError(f"The store {self.path} does not take rows: {error}.") from error
        except sqlite3.Error as error:  # locked, full, not writable, or damaged
            self._undo()
            raise StoreError(f"The store {self.path} cannot be written: {error}.") from error
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def execute(self, query: str, values: Values = NOTHING) -> list[tuple[Any, ...]]:
        return self._db.execute(query, values).fetchall()

    def many(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        self._db.executemany(query, rows)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str
    ) -> None:
        together = MOST_VALUES // len(columns)
        for first in range(0, len(rows), together):
            some = rows[first : first + together]
            insertion = _insertion(table, tuple(columns), len(some), conflict)
            self._db.execute(insertion, list(chain.from_iterable(some)))

    def alone(self, *, wait: bool = False) -> bool:
        return True  # as whoever writes is

    @contextmanager
    def taking(self, table: str) -> Iterator[str]:
        yield table
        self._db.execute(f"DELETE FROM {table}")

    def select(self, query: str, values: Values = NOTHING) -> Iterator[dict[str, Any]]:
        try:
            yield from self._reader().rows(query, values)
        except sqlite3.Error as error:
            raise StoreError(f"The store {self.path} cannot be read: {error}.") from error

    def scan(self, query: str, values: Values = NOTHING) -> Iterator[tuple[Any, ...]]:
        return iter(self._db.execute(query, values))

    def _reader(self) -> _Reader:
        """This thread's connection for reading."""
        reader: _Reader | None = getattr(self._own, "reader", None)
        if reader is None:
            with self._readers_lock:
                if self._closed:
                    raise sqlite3.ProgrammingError("it is closed")
                reader = self._own.reader = _Reader(self._connect())
                reader.db.execute("PRAGMA query_only = ON")
                self._readers.append(reader)
        return reader

    def changes(self) -> object:
        # Of one connection of its own: the number means something within a connection only.
        try:
            with self._watch.lock:
                return self._watch.db.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise StoreError(f"The store {self.path} cannot be read: {error}.") from error

    def ready(self) -> None:
        if shutil.disk_usage(self.path.parent).free < LEAST_BYTES:
            raise StoreError(f"The store {self.path} cannot be written: the disk is full.")
        try:
            if not self.path.is_file():
                raise StoreError(f"The store {self.path} is gone.")
            probe = sqlite3.connect(self.path, timeout=READY_S, isolation_level=None)
            try:
                probe.execute("BEGIN IMMEDIATE")
                probe.execute("SELECT id FROM streams LIMIT 1").fetchall()
                probe.execute("ROLLBACK")
            finally:
                probe.close()
        except sqlite3.Error as error:
            raise StoreError(f"The store {self.path} cannot be used: {error}.") from error

    def prune_trials(
        self, before: int, transaction: Callable[[], AbstractContextManager[None]]
    ) -> int:
        return prune_rows(self, transaction, "trials", before)

    def give_back(self) -> None:
        try:
            if self._db.execute("PRAGMA auto_vacuum").fetchone()[0] == 0:
                # A file from before it kept account of its free pages: made anew, once.
                self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
                self._db.execute("VACUUM")
            else:
                # As a script: as a statement, Python lets it give back one page and no more.
                self._db.executescript("PRAGMA incremental_vacuum")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise StoreError(
                f"The rows are pruned, but {self.path} cannot be made smaller: {error}.",
                remedy="Prune again when nothing else uses the store.",
            ) from error

    def close(self) -> None:
        with self._readers_lock:
            if self._closed:
                return
            self._closed = True
        for reader in (*self._readers, self._watch):
            reader.close()
        self._db.close()


@cache
def _insertion(table: str, columns: tuple[str, ...], rows: int, conflict: str) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)} {conflict}"
