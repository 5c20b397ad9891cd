"""The store in one SQLite file: for one collector, and readers beside it."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from agent.errors import DataError
from agent.record import FIELDS, RECORDS, Batch, Row, Status
from tools.stores import Account, Contact, Letter, Store, Stored, Stream, _queries
from tools.stores._errors import PoisonError, StoreError
from tools.stores._received import Range, contiguous, settled
from tools.stores._schema import MIGRATIONS, ROW_TABLES

log = logging.getLogger(__name__)

MOST_DEAD_LETTERS = 10_000
MOST_DEAD_BYTES = 16 << 10
MOST_STREAMS = 10_000
"""Streams whose ranges are kept in memory."""
_POISON = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)
"""What is wrong with the rows; all else is wrong with the store."""
TOGETHER: Final = 25
"""Rows to one INSERT, which costs as much as a few rows; SQLite may allow but 999 values."""
_COLLECTIONS: Final = {
    kind: [
        place
        for place, field in enumerate(model.model_fields.values(), 3)
        if {get_origin(a) for a in (field.annotation, *get_args(field.annotation))}
        & {tuple, list, dict}
    ]
    for kind, model in RECORDS.items()
}
_EMPTY: Final[Mapping[type, str]] = {tuple: "[]", list: "[]", dict: "{}"}
# What has no adapter is asked for one by every value: a quarter of the time of an insert.
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(type(None), lambda none: none)


class Sqlite(Store):
    """``sqlite:///path``: WAL and ``synchronous=FULL``, so that committed means on the disk."""

    def __init__(self, place: str, *, create: bool = True) -> None:
        self.path = Path(place)
        if not create and not self.path.is_file():
            raise DataError(
                f"There is no store {self.path}.", remedy="Check the path given with --store."
            )
        self._streams: dict[Stream, int] = {}
        self._ranges: dict[int, tuple[Range, ...]] = {}
        self._version = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                self.path, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The store {self.path} cannot be opened: {error}.",
                remedy="Give a file in a folder that this user may write to.",
            ) from None

    def _migrate(self) -> None:
        done = self._db.execute("PRAGMA user_version").fetchone()[0]
        if done > len(MIGRATIONS):
            raise StoreError(
                f"The store {self.path} was made by a newer Fieldproof (version {done}).",
                remedy="Use that version, or another store.",
            )
        while done < len(MIGRATIONS):
            with self._transaction():
                # Asked again within: another process may be making the same file at this moment.
                done = self._db.execute("PRAGMA user_version").fetchone()[0]
                if done < len(MIGRATIONS):
                    MIGRATIONS[done](self._db)
                    done += 1
                    self._db.execute(f"PRAGMA user_version = {done}")

    def store_all(self, batches: Sequence[Batch], contacts: Sequence[Contact] = ()) -> list[Stored]:
        with self._transaction():
            self._db.executemany(_queries.CONTACT, contacts)
            return [self._store(batch) for batch in batches]

    def highest_contiguous(self, stream: Stream) -> int:
        with self._transaction():  # a store that cannot be written must not seem well
            found = self._db.execute(
                "SELECT id FROM streams WHERE site = ? AND device = ? AND epoch = ?", stream
            ).fetchone()
            return contiguous(self._read(found[0])) if found else 0

    def status(self, status: Status, contact: Contact | None = None) -> None:
        with self._transaction():
            self._db.executemany(_queries.CONTACT, [contact] if contact else [])
            # An offline will may come late: it counts only for the session that is the last known.
            self._db.execute(
                "INSERT INTO statuses VALUES (:site, :device, :state, :session, :version, :wall_ms)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, session = excluded.session,"
                " version = excluded.version, wall_ms = excluded.wall_ms"
                " WHERE excluded.state = 'online' OR (excluded.session = statuses.session"
                " AND statuses.state != 'stopped')",
                status.model_dump(exclude={"schema_"}),
            )

    def bury(self, letters: Sequence[Letter]) -> None:
        now = int(time.time() * 1000)
        with self._transaction():
            self._db.executemany(
                "INSERT INTO dead_letters (at_ms, topic, why, bytes, payload)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (now, _clean(topic), _clean(why), len(payload), payload[:MOST_DEAD_BYTES])
                    for topic, payload, why in letters
                ],
            )
            self._db.execute(
                "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?",
                (MOST_DEAD_LETTERS,),
            )

    def sessions(self) -> Iterator[dict[str, Any]]:
        return self._select(_queries.SESSIONS)

    def trials(self, session: str, site: str = "", device: str = "") -> Iterator[dict[str, Any]]:
        wanted = {"session": session, "site": site, "device": device}
        return self._select(_queries.TRIALS, wanted)

    def counts(self, session: str = "") -> Iterator[dict[str, Any]]:
        return self._select(_queries.COUNTS, (session,))

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        return self._select(_queries.ROWS[table])

    def accounts(self) -> Iterator[Account]:
        stored = dict(self._db.execute(_queries.STORED).fetchall())
        for number, *names in self._db.execute(_queries.STREAMS).fetchall():
            settled = tuple((first, last) for first, last in self._read(number))
            yield Account(Stream(*names), stored.get(number, 0), settled)

    def dead_letters(self) -> Iterator[dict[str, Any]]:
        return self._select(_queries.DEAD_LETTERS)

    def close(self) -> None:
        self._db.close()

    def _store(self, batch: Batch) -> Stored:
        envelope = batch.envelope
        stream = Stream(envelope.site, envelope.device, envelope.epoch)
        number = self._number(stream)
        new = 0
        for kind, rows in _by_kind(batch.rows).items():
            if kind in ROW_TABLES:
                for some in (rows[n : n + TOGETHER] for n in range(0, len(rows), TOGETHER)):
                    values = [value for row in some for value in _values(number, row)]
                    new += self._db.execute(_insertion(kind, len(some)), values).rowcount
            else:
                raw = [(number, row.seq, row.stamp.wall_ms, kind, row.raw) for row in rows]
                new += self._db.executemany(_queries.UNKNOWN_ROW, raw).rowcount
        ranges = settled(
            self._known(number),
            Range(1, envelope.floor - 1),
            Range(envelope.after + 1, batch.last),
        )
        self._remember(number, ranges)
        return Stored(stream, contiguous(ranges), new, len(batch.rows) - new)

    def _number(self, stream: Stream) -> int:
        if stream not in self._streams:
            self._db.execute(
                "INSERT INTO streams (site, device, epoch) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                stream,
            )
            self._streams[stream] = self._db.execute(
                "SELECT id FROM streams WHERE site = ? AND device = ? AND epoch = ?", stream
            ).fetchone()[0]
        return self._streams[stream]

    def _known(self, number: int) -> tuple[Range, ...]:
        if number not in self._ranges:
            self._ranges[number] = self._read(number)
        return self._ranges[number]

    def _read(self, number: int) -> tuple[Range, ...]:
        found = self._db.execute(
            "SELECT first, last FROM received WHERE stream = ? ORDER BY first", (number,)
        )
        return tuple(Range(*row) for row in found)

    def _remember(self, number: int, ranges: tuple[Range, ...]) -> None:
        if ranges == self._ranges.get(number):
            return
        self._ranges[number] = ranges
        self._db.execute("DELETE FROM received WHERE stream = ?", (number,))
        self._db.executemany(
            "INSERT INTO received VALUES (?, ?, ?)", [(number, *item) for item in ranges]
        )

    def _select(
        self, query: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> Iterator[dict[str, Any]]:
        cursor = self._db.execute(query, values)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._forget_what_may_be_old()
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

    def _forget_what_may_be_old(self) -> None:
        """Another collector may write to this store too: ``data_version`` tells whether it did."""
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or len(self._ranges) > MOST_STREAMS:
            self._streams.clear()
            self._ranges.clear()
        self._version = version

    def _undo(self) -> None:
        # What was remembered may belong to the transaction that did not happen.
        self._streams.clear()
        self._ranges.clear()
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _clean(text: str) -> str:
    """What cannot be UTF-8 must not keep a letter from being kept."""
    return text[:1024].encode(errors="replace").decode()


def _by_kind(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    return kinds


@cache
def _insertion(kind: str, rows: int) -> str:
    fields = FIELDS[kind]
    row = f"(?, ?, ?{', ?' * len(fields)})"
    return (
        f"INSERT INTO {ROW_TABLES[kind]} (stream, seq, wall_ms, {', '.join(fields)})"
        f" VALUES {', '.join([row] * rows)} ON CONFLICT DO NOTHING"
    )


def _values(stream: int, row: Row) -> list[object]:
    """A row as SQLite takes it: collections as JSON text."""
    values = [stream, row.seq, row.stamp.wall_ms, *(row.values or ())]
    for place in _COLLECTIONS[row.kind]:
        value = values[place]
        if value is not None:
            values[place] = json.dumps(value) if value else _EMPTY[type(value)]
    return values
