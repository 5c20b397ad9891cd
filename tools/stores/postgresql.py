"""The store in PostgreSQL 14 or later: for several collectors, and many readers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from typing import Any, ClassVar, Final

from agent.errors import DataError
from tools.stores import Store
from tools.stores._address import Address
from tools.stores._database import NOTHING, Database, Values
from tools.stores._driver import psycopg, psycopg_pool
from tools.stores._errors import PoisonError, StoreError
from tools.stores._pruning import keep_from, note
from tools.stores._schema_postgresql import MIGRATIONS
from tools.stores._spans import condense
from tools.stores._tables import ONCE
from tools.stores._weeks import Week, week_named, weeks_of

_POISON = (psycopg.DataError, psycopg.IntegrityError, OverflowError, UnicodeError)
"""What is wrong with the rows; all else is wrong with the store."""
_TURN: Final = 0x6669656C64
"""The advisory lock of whoever changes tables."""
_ADDING_UP: Final = 0x6669656C65
"""The advisory lock of whoever adds up sums."""
_KEPT_BYTES: Final = 32 << 20
"""What a swept table keeps for the rows to come: those of some folds."""
_KNOWN: Final = (
    "SELECT 1 FROM pg_catalog.pg_tables"
    " WHERE tablename = 'schema_version' AND schemaname = ANY (current_schemas(false))"
)
_TYPES: Final = (
    "SELECT attname, CAST(atttypid AS INTEGER) FROM pg_catalog.pg_attribute"
    " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
)
READERS: Final = 10
READER_S: Final = 5.0
RETRY_S: Final = 1.0
READY_S: Final = 2.0
CHUNK: Final = 500


class Postgresql(Store):
    """``postgresql://user@host/database``, as libpq reads it; ``synchronous_commit`` is on.

    Text with a NUL character is refused as poison: PostgreSQL cannot hold it. Writing is by one
    connection, which is made anew after an error; reading by a pool of ``READERS``.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        super().__init__(_Server(Address.parse(url), create))


class _Server(Database):
    for_update: ClassVar[str] = " FOR UPDATE"
    hold: ClassVar[str] = "LOCK TABLE streams IN EXCLUSIVE MODE"

    def __init__(self, address: Address, create: bool) -> None:
        self.address, self.name = address, str(address)
        self._writer: psycopg.Connection[tuple[Any, ...]] | None = None
        self._ready: set[str] = set()
        """Temporary tables that the writer has, and those among them that hold rows."""
        self._used: set[str] = set()
        self._weeks: set[Week] = set()
        self._known_types: dict[str, dict[str, int]] = {}
        self._probe: threading.Thread | None = None
        self._pool = psycopg_pool.ConnectionPool(
            min_size=0,
            max_size=READERS,
            open=False,
            timeout=READER_S,
            # While it tries again, ever more seldom, it begins no other attempt for who comes then.
            reconnect_timeout=RETRY_S,
            kwargs=address.parameters | {"autocommit": True, "prepare_threshold": None},
            check=psycopg_pool.ConnectionPool.check_connection,
        )
        self._opening = threading.Lock()
        with self._said("be opened"):
            self._migrate(create)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(**self.address.parameters, autocommit=True)

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """Errors of the driver's as ours."""
        try:
            yield
        except psycopg.Error as error:
            raise StoreError(
                f"The store {self.name} cannot {what}: {_first_line(error)}",
                remedy="Check that PostgreSQL runs, and that the user and the database exist.",
            ) from error

    def _migrate(self, create: bool) -> None:
        with self._connect() as db:
            before = self._version(db)
            if before < len(MIGRATIONS):
                if not create and before == 0:
                    raise DataError(
                        f"There is no store in {self.name}.", remedy="Check --store's URL."
                    )
                with db.transaction():
                    # Asked again within: another process may be doing the same at this moment.
                    db.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
                    for migration in MIGRATIONS[self._version(db) :]:
                        db.execute(migration.encode())
                    db.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)")
                    db.execute("DELETE FROM schema_version")
                    db.execute("INSERT INTO schema_version VALUES (%s)", [len(MIGRATIONS)])
        if 0 < before < len(MIGRATIONS):
            with self.transaction():
                self.execute(self.hold)
                self.alone(wait=True)
                condense(self, time.time_ns() // 1_000_000)

    def _version(self, db: psycopg.Connection[tuple[Any, ...]]) -> int:
        # to_regclass would answer from this connection's cache, which may not know yet what
        # another process has just made.
        if db.execute(_KNOWN).fetchone() is None:
            return 0
        found = db.execute("SELECT max(version) FROM schema_version").fetchone()
        done = int(found[0] or 0) if found else 0
        if done > len(MIGRATIONS):
            raise StoreError(
                f"The store {self.name} was made by a newer Fieldproof (version {done}).",
                remedy="Use that version, or another store.",
            )
        return done

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            if self._writer is None or self._writer.closed:
                self._writer = self._connect()
                self._ready.clear()
            with self._writer.transaction():
                yield
        except psycopg.errors.CheckViolation as error:
            # Somebody took out a week's table that was there before.
            self._undo()
            raise StoreError(f"The store {self.name} has changed: {_first_line(error)}") from error
        except _POISON as error:
            self._undo()
            raise PoisonError(
                f"The store {self.name} does not take rows: {_first_line(error)}"
            ) from error
        except psycopg.Error as error:
            self._undo()
            self._hang_up()
            raise StoreError(
                f"The store {self.name} cannot be written: {_first_line(error)}"
            ) from error
        except BaseException:
            self._undo()
            raise
        finally:
            self._used.clear()

    def _undo(self) -> None:
        # Temporary tables that were made in a transaction that did not happen are not there.
        self._ready.clear()
        self._weeks.clear()

    def _hang_up(self) -> None:
        """The next transaction begins with a new connection."""
        if self._writer is not None:
            with suppress(psycopg.Error):
                self._writer.close()
        self._writer = None

    def _at_work(self) -> psycopg.Connection[tuple[Any, ...]]:
        assert self._writer is not None, "this needs a transaction"
        return self._writer

    def execute(self, query: str, values: Values = NOTHING) -> list[tuple[Any, ...]]:
        cursor = self._at_work().execute(_translated(query), values)
        return cursor.fetchall() if cursor.description else []

    def many(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        some = list(rows)
        if some:
            self._at_work().cursor().executemany(_translated(query), some)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str
    ) -> None:
        if table == "trials":
            place = list(columns).index("at_ms")
            self._make_weeks(weeks_of(row[place] for row in rows))
        if not conflict:
            self._copy(table, table, columns, rows)
            return
        if conflict == ONCE:
            # The rows are new: that was seen under the lock on their stream. Without a table
            # between, the server has half the work.
            with suppress(psycopg.errors.UniqueViolation), self._at_work().transaction():
                self._copy(table, table, columns, rows)
                return
        new, names = self._temporary(table), ", ".join(columns)
        self._copy(new, table, columns, rows)
        self.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {new} {conflict}")

    def _copy(
        self, into: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """COPY, in binary, into a table that has ``table``'s columns."""
        known = self._types(table)
        copied = f"COPY {into} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with self._at_work().cursor().copy(copied.encode()) as copy:
            copy.set_types([known[name] for name in columns])
            for row in rows:
                copy.write_row(row)

    def _types(self, table: str) -> dict[str, int]:
        """The types of a table's columns."""
        if table not in self._known_types:
            self._known_types[table] = dict(self._at_work().execute(_TYPES, [table]).fetchall())
        return self._known_types[table]

    def _temporary(self, table: str) -> str:
        """An empty temporary table of a table's columns; it is emptied at the end."""
        new = f"new_{table}"
        if new not in self._ready:
            self.execute(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS {new} (LIKE {table}) ON COMMIT DELETE ROWS"
            )
            self._ready.add(new)
        if new in self._used:
            self.execute(f"TRUNCATE {new}")
        self._used.add(new)
        return new

    def alone(self, *, wait: bool = False) -> bool:
        if wait:
            self.execute(f"SELECT pg_advisory_xact_lock({_ADDING_UP})")
            return True
        ((alone,),) = self.execute(f"SELECT pg_try_advisory_xact_lock({_ADDING_UP})")
        return bool(alone)

    @contextmanager
    def taking(self, table: str) -> Iterator[str]:
        taken = self._temporary(table)
        self.execute(
            f"WITH taken AS (DELETE FROM {table} RETURNING *) INSERT INTO {taken} TABLE taken"
        )
        yield taken

    def sweep(self, table: str) -> None:
        # Autovacuum comes once a minute at most: until then each reader would go through a
        # million rows that are gone. Pages that are empty are kept for the next rows; what has
        # grown far beyond them, as while a dump was made, is given back, for which readers wait.
        with suppress(psycopg.Error):
            ((size,),) = self._at_work().execute("SELECT pg_relation_size(%s)", [table]).fetchall()
            truncate = "on" if size > _KEPT_BYTES else "off"
            self._at_work().execute(f"VACUUM (TRUNCATE {truncate}, SKIP_LOCKED) {table}".encode())

    def _make_weeks(self, weeks: set[Week]) -> None:
        """Tables for weeks, each attached at once, so that no reader has to wait."""
        for week in sorted(weeks - self._weeks):
            with self._connect() as db, db.transaction():
                db.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
                db.execute(f"CREATE TABLE IF NOT EXISTS {week.table} (LIKE trials INCLUDING ALL)")
                if week.table not in _partitions(db):
                    db.execute(
                        f"ALTER TABLE trials ATTACH PARTITION {week.table}"
                        f" FOR VALUES FROM ({week.first}) TO ({week.end})"
                    )
            self._weeks.add(week)

    def select(self, query: str, values: Values = NOTHING) -> Iterator[dict[str, Any]]:
        with self._said("be read"):
            self._open_pool()
            with (
                self._pool.connection() as reader,
                reader.cursor(row_factory=psycopg.rows.dict_row) as cursor,
            ):
                yield from cursor.stream(_translated(query), values, size=_chunk())

    def _open_pool(self) -> None:
        with self._opening:
            self._pool.open()

    def scan(self, query: str, values: Values = NOTHING) -> Iterator[tuple[Any, ...]]:
        with self._at_work().cursor(name="scan") as cursor:
            cursor.itersize = 5_000
            cursor.execute(_translated(query), values)
            yield from cursor

    def changes(self) -> object:
        (row,) = self.select("SELECT CAST(pg_current_snapshot() AS TEXT) AS seen")
        return row["seen"]

    def ready(self) -> None:
        # In a thread: a server that is stopped in its tracks answers neither yes nor no.
        if self._probe is not None and self._probe.is_alive():
            raise StoreError(f"The store {self.name} does not answer.")
        errors = list[psycopg.Error | StoreError]()
        self._probe = threading.Thread(target=self._examine, args=(errors,), daemon=True)
        self._probe.start()
        self._probe.join(READY_S)
        if self._probe.is_alive():
            raise StoreError(f"The store {self.name} does not answer.")
        if errors:
            said = _first_line(errors[0])
            raise StoreError(f"The store {self.name} cannot be used: {said}") from errors[0]

    def _examine(self, errors: list[psycopg.Error | StoreError]) -> None:
        try:
            with self._connect() as db:
                found = db.execute("SHOW transaction_read_only").fetchone()
                if found != ("off",):
                    raise StoreError("it can only be read now")
                db.execute("SELECT id FROM streams LIMIT 1")
        except (psycopg.Error, StoreError) as error:
            errors.append(error)

    def prune_trials(
        self, before: int, transaction: Callable[[], AbstractContextManager[None]]
    ) -> int:
        """Whole weeks only: a trial goes when all of its week is older."""
        with self._said("be pruned"), self._connect() as db:
            old = [week for week in self._all_weeks(db) if week.end <= before]
            for week in old:
                _detach(db, week)
        return sum(self._drop(week, transaction) for week in old)

    def _all_weeks(self, db: psycopg.Connection[tuple[Any, ...]]) -> list[Week]:
        """Of all tables, those too that an interrupted pruning has left."""
        found = db.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'trials%'"
            " AND relnamespace = (SELECT relnamespace FROM pg_class"
            " WHERE oid = to_regclass('trials'))"
        )
        weeks = (week_named(name) for (name,) in found)
        return sorted(week for week in weeks if week is not None)

    def _drop(self, week: Week, transaction: Callable[[], AbstractContextManager[None]]) -> int:
        with transaction():
            gone = self.execute(
                f"SELECT stream, max(seq), count(*) FROM {week.table} GROUP BY stream"
            )
            note(self, "trials", ((stream, seq) for stream, seq, _ in gone))
            keep_from(self, "trials", week.end)
            self._weeks.discard(week)
            self.execute(f"DROP TABLE {week.table}")
        return sum(count for _, _, count in gone)

    def give_back(self) -> None:
        """A dropped week's space is free at once; of the rest autovacuum takes care."""

    def close(self) -> None:
        self._hang_up()
        self._pool.close()


def _partitions(db: psycopg.Connection[tuple[Any, ...]]) -> dict[str, bool]:
    """The weeks' tables that belong to ``trials``, and whether one is on its way out."""
    found = db.execute(
        "SELECT relname, inhdetachpending FROM pg_inherits JOIN pg_class ON oid = inhrelid"
        " WHERE inhparent = to_regclass('trials')"
    )
    return dict(found)


def _detach(db: psycopg.Connection[tuple[Any, ...]], week: Week) -> None:
    """Without a lock that readers or writers would have to wait for."""
    pending = _partitions(db).get(week.table)
    if pending is not None:
        how = "FINALIZE" if pending else "CONCURRENTLY"
        db.execute(f"ALTER TABLE trials DETACH PARTITION {week.table} {how}")


@cache
def _translated(query: str) -> bytes:
    """A query as psycopg takes it."""
    named = re.sub(r":(\w+)", r"%(\1)s", query.replace("%", "%%"))
    return named.replace("?", "%s").encode()


def _chunk() -> int:
    """Rows come in chunks where libpq can do that, else one by one."""
    return CHUNK if psycopg.capabilities.has_stream_chunked() else 1


def _first_line(error: BaseException) -> str:
    """What the server said; libpq adds lines of hints."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".") + "."
