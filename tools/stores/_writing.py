"""How rows are stored once each: what is new is told from a stream's numbers, then counted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, get_args, get_origin

from agent.record import FIELDS, RECORDS, Batch, Envelope, Row, Status
from tools.stores._database import Database
from tools.stores._hours import add
from tools.stores._received import Range, contiguous, settled
from tools.stores._rollups import HEALTH, NAMES, PARTS, Memory, Rollup
from tools.stores._tables import ONCE, ROW_TABLES, UNKNOWN
from tools.stores._values import Contact, Letter, Stored, Stream

OLDEST_MS: Final = 400 * 86_400_000
"""A row that was made longer ago than this has a wrong clock."""

CONTACT: Final = """
INSERT INTO contacts (site, device, seen_ms, skew_ms, synced) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (site, device) DO UPDATE SET
    seen_ms = CASE WHEN excluded.seen_ms > contacts.seen_ms
        THEN excluded.seen_ms ELSE contacts.seen_ms END,
    synced = CASE WHEN excluded.skew_ms IS NULL THEN contacts.synced ELSE excluded.synced END,
    skew_ms = coalesce(excluded.skew_ms, contacts.skew_ms)
"""
_STATUS: Final = """
INSERT INTO statuses (site, device, state, session, version, wall_ms)
VALUES (:site, :device, :state, :session, :version, :wall_ms)
ON CONFLICT (site, device) DO UPDATE SET state = excluded.state, session = excluded.session,
    version = excluded.version, wall_ms = excluded.wall_ms
WHERE excluded.state = 'online'
    OR (excluded.session = statuses.session AND statuses.state <> 'stopped')
"""
"""An offline will may come late: it counts only for the session that is the last known."""
MOST_DEAD_LETTERS = 10_000
MOST_DEAD_BYTES = 16 << 10

RECALLED: Final = 2_000
"""Rows of a stream that a process looks back over for scenes that go on: a round of all conditions
over two targets is less."""
_LAST: Final = f"""
SELECT {", ".join(NAMES)} FROM trials WHERE stream = :stream AND seq > :after ORDER BY seq
"""
_HELD: Final = """
SELECT id, site, device, epoch, stored, highest, settled, pruned FROM streams
WHERE (site, device, epoch) IN (VALUES {}) ORDER BY id{}
"""


@dataclass
class _Book:
    """What is known of a stream; ``pruned`` is the highest seq taken out, by table."""

    number: int
    stored: int
    highest: int
    ranges: tuple[Range, ...]
    pruned: dict[str, int]
    pending: list[Sequence[Row]] = field(default_factory=list)


def store(
    db: Database, memory: Memory, batches: Sequence[Batch], contacts: Sequence[Contact]
) -> list[Stored]:
    """Store batches within the transaction; see ``Store.store_all``."""
    db.many(CONTACT, sorted(contacts, key=itemgetter(0, 1)))
    if not batches:
        return []
    now = time.time_ns() // 1_000_000
    heard = {(contact.site, contact.device): contact.seen_ms for contact in contacts}
    books = _books(db, sorted({_stream(batch.envelope) for batch in batches}))
    rollup, answers = Rollup(memory), list[Stored]()
    tables: dict[str, list[Sequence[Any]]] = {}
    for batch in batches:
        said = batch.envelope
        book = books[_stream(said)]
        received = heard.get((said.site, said.device), now)
        fresh = _fresh(db, book, batch)
        for table, rows in _by_table(fresh).items():
            made = _made(rows, said, received)
            tables.setdefault(table, []).extend(_values(table, book.number, rows, made))
            if table == "trials" and not memory.knows(book.number):
                rollup.recall(book.number, _last_trials(db, book))
            _count(rollup, table, book.number, rows, made)
        _settle(book, batch, fresh)
        new = len(fresh)
        answers.append(Stored(_stream(said), contiguous(book.ranges), new, len(batch.rows) - new))
    for table, values in tables.items():
        db.insert(table, COLUMNS[table], values, ONCE)
    add(db, memory, rollup)
    db.many(
        "UPDATE streams SET stored = ?, highest = ?, settled = ? WHERE id = ?",
        [(b.stored, b.highest, json.dumps(b.ranges), b.number) for b in books.values()],
    )
    return answers


def highest_contiguous(db: Database, stream: Stream) -> int:
    """Within the transaction; see ``Store.highest_contiguous``."""
    book = _held(db, [stream]).get(stream)
    return contiguous(book.ranges) if book else 0


def status(db: Database, status: Status, contact: Contact | None) -> None:
    """Keep a device's status, within the transaction."""
    db.many(CONTACT, [contact] if contact else [])
    db.execute(_STATUS, status.model_dump(exclude={"schema_"}))


def bury(db: Database, letters: Sequence[Letter]) -> None:
    """Keep dead letters, within the transaction."""
    now = time.time_ns() // 1_000_000
    db.many(
        "INSERT INTO dead_letters (at_ms, topic, why, bytes, payload) VALUES (?, ?, ?, ?, ?)",
        [
            (now, _clean(topic), _clean(why), len(payload), payload[:MOST_DEAD_BYTES])
            for topic, payload, why in letters
        ],
    )
    db.execute(
        "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - :most",
        {"most": MOST_DEAD_LETTERS},
    )


def _clean(text: str) -> str:
    """What no store can hold as text must not keep a letter from being kept."""
    return text[:1024].replace("\0", "?").encode(errors="replace").decode()


def _books(db: Database, streams: Sequence[Stream]) -> dict[Stream, _Book]:
    """The streams' books, held against other writers until the transaction ends."""
    books = _held(db, streams)
    if len(books) < len(streams):
        db.many(
            f"INSERT INTO streams (site, device, epoch) VALUES (?, ?, ?) {ONCE}",
            [stream for stream in streams if stream not in books],
        )
        books = _held(db, streams)
    return books


def _held(db: Database, streams: Sequence[Stream]) -> dict[Stream, _Book]:
    marks, values = list[str](), dict[str, Any]()
    for place, stream in enumerate(streams):
        marks.append(f"(:s{place}, :d{place}, :e{place})")
        values |= {f"{name[0]}{place}": value for name, value in stream._asdict().items()}
    return {
        Stream(*names): _Book(number, stored, highest, ranges_of(known), json.loads(pruned))
        for number, *names, stored, highest, known, pruned in db.execute(
            _HELD.format(", ".join(marks), db.for_update), values
        )
    }


def ranges_of(text: str) -> tuple[Range, ...]:
    """Settled ranges as a stream's row holds them."""
    return tuple(Range(first, last) for first, last in json.loads(text))


def _stream(said: Envelope) -> Stream:
    return Stream(said.site, said.device, said.epoch)


def _fresh(db: Database, book: _Book, batch: Batch) -> Sequence[Row]:
    """The rows that are not stored and were not before: all, above the highest number known."""
    if not batch.rows or batch.rows[0].seq > book.highest:
        return batch.rows
    fresh = list[Row]()
    for table, rows in _by_table(batch.rows).items():
        found = db.execute(
            f"SELECT seq FROM {table} WHERE stream = :stream AND seq >= :first AND seq <= :last",
            {"stream": book.number, "first": rows[0].seq, "last": rows[-1].seq},
        )
        known = {seq for (seq,) in found} | {row.seq for some in book.pending for row in some}
        pruned = book.pruned.get(table, 0)
        fresh += [
            row
            for row in rows
            if row.seq not in known and not (row.seq <= pruned and _within(row.seq, book.ranges))
        ]
    return sorted(fresh, key=lambda row: row.seq)


def _within(seq: int, ranges: Iterable[Range]) -> bool:
    return any(first <= seq <= last for first, last in ranges)


def _settle(book: _Book, batch: Batch, fresh: Sequence[Row]) -> None:
    said = batch.envelope
    book.ranges = settled(book.ranges, Range(1, said.floor - 1), Range(said.after + 1, batch.last))
    if fresh:
        book.stored += len(fresh)
        book.highest = max(book.highest, fresh[-1].seq)
        book.pending.append(fresh)


def _by_table(rows: Sequence[Row]) -> dict[str, Sequence[Row]]:
    kinds = {row.kind for row in rows}
    if len(kinds) == 1:  # as in most batches
        return {ROW_TABLES.get(kinds.pop(), UNKNOWN): rows}
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(ROW_TABLES.get(row.kind, UNKNOWN), []).append(row)
    return {**tables}


def _made(rows: Sequence[Row], said: Envelope, received: int) -> list[int]:
    """When the rows were made, by the collector's clock; see ``Store``."""
    boot, since, oldest = said.boot, received - said.monotonic_ms, received - OLDEST_MS
    return [
        wall
        if synced and oldest <= wall <= received
        else min(received, max(oldest, since + ticks))
        if its == boot
        else received
        for its, ticks, wall, synced in (row.stamp for row in rows)
    ]


def _count(
    rollup: Rollup, table: str, number: int, rows: Sequence[Row], made: Sequence[int]
) -> None:
    if table == "trials":
        seqs = [row.seq for row in rows]
        rollup.add_trials(number, seqs, made, [PARTS(row.values) for row in rows])
    elif table == "health":
        rollup.add_health(
            number, ((at, HEALTH(row.values)) for row, at in zip(rows, made, strict=True))
        )


def _last_trials(db: Database, book: _Book) -> Sequence[Sequence[Any]]:
    """What the last trials of a stream said that are stored, in order."""
    return db.execute(_LAST, {"stream": book.number, "after": book.highest - RECALLED})


def _is_collection(hint: Any) -> bool:
    """Whether a field may hold what a column cannot: it is then kept as JSON."""
    return get_origin(hint) in (tuple, list, dict) or any(map(_is_collection, get_args(hint)))


COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    **{
        table: ("stream", "seq", "wall_ms", "at_ms", *FIELDS[kind])
        for kind, table in ROW_TABLES.items()
    },
    UNKNOWN: ("stream", "seq", "wall_ms", "at_ms", "kind", "body"),
}
_COLLECTIONS: Final = {
    ROW_TABLES[kind]: [
        place
        for place, field in enumerate(model.model_fields.values(), 4)
        if _is_collection(field.annotation)
    ]
    for kind, model in RECORDS.items()
}
_EMPTY: Final[Mapping[type, str]] = {tuple: "[]", list: "[]", dict: "{}"}


def _values(
    table: str, stream: int, rows: Sequence[Row], made: Sequence[int]
) -> Iterator[Sequence[Any]]:
    """Rows in the order of ``COLUMNS``, collections as JSON text."""
    collections = _COLLECTIONS.get(table)
    if collections is None:
        for (seq, kind, stamp, _, raw), at in zip(rows, made, strict=True):
            yield stream, seq, stamp.wall_ms, at, kind, raw
        return
    for (seq, _, stamp, fields, _), at in zip(rows, made, strict=True):
        values = [stream, seq, stamp.wall_ms, at, *(fields or ())]
        for place in collections:
            value = values[place]
            if value is not None:
                values[place] = json.dumps(value) if value else _EMPTY[type(value)]
        yield values
