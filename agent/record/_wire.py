"""Encoding and decoding: compact JSON, folded into columns, under zlib, bounded on the way in."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, repeat
from operator import add, attrgetter
from typing import Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, FailFast, Field, ValidationError
from pydantic_core import from_json

from agent.record._columns import Columns
from agent.record._messages import (
    Batch,
    Command,
    Envelope,
    Packed,
    Receipt,
    Refusal,
    Reply,
    Row,
    Stamp,
    Status,
)
from agent.record._rows import (
    MAX_SEQ,
    RECORDS,
    Count,
    Identifier,
    Millis,
    PayloadError,
    Record,
    Seq,
    Value,
    VersionError,
    few,
)

MAX_WIRE_BYTES: Final = 1 << 20
MAX_PLAIN_BYTES: Final = 8 << 20
MAX_ROWS: Final = 10_000
MAX_VALUES: Final = 500_000
"""JSON values in a batch: an empty list takes 3 bytes on the wire and 64 in memory."""
MAX_FIELDS: Final = 64
MAX_MESSAGE_BYTES: Final = 16 << 10
MAX_COMMAND_BYTES: Final = 4 << 10
MAX_COMMAND_BRACKETS: Final = 16

M = TypeVar("M", bound=Value)
_FEW: Final = few(MAX_FIELDS)


class _Folded(Value):
    """Dicts with equal keys: what all share, and one list per key for what differs."""

    model_config = ConfigDict(title="Folded")
    same: Annotated[dict[str, Any], Field(max_length=MAX_FIELDS, default_factory=dict), _FEW]
    columns: Annotated[
        dict[str, list[Any]], Field(max_length=MAX_FIELDS, default_factory=dict), _FEW
    ]


class _Group(_Folded):
    """All rows of one kind, whose record's fields are in ``same`` and ``columns``.

    ``seqs``: runs of (first, count); ``times``: the rows' stamps, as ``Time``.
    """

    model_config = ConfigDict(title="Group")
    kind: Identifier
    seqs: Annotated[list[tuple[Seq, Count]], FailFast(), Field(min_length=1, max_length=MAX_ROWS)]
    times: _Folded


class _Time(Value):
    """When a row was made: boot id, monotonic clock, how far the wall clock is ahead of it (ms)."""

    model_config = ConfigDict(title="Time")
    boot: Identifier
    ms: Millis
    wall: Millis
    synced: bool = False


class _Body(Envelope):
    """A batch under zlib: the envelope, and the rows grouped by kind; no groups: a question."""

    model_config = ConfigDict(title="Batch")
    groups: Annotated[list[_Group], FailFast(), Field(max_length=64)]


_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    kind: {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    for kind, model in RECORDS.items()
}
_REFUSAL: Final = Refusal.model_fields["schema_"].default
_BATCH: Final = Envelope.model_fields["schema_"].default

MESSAGES: Final[Mapping[str, type[Value]]] = {
    "batch": _Body,
    "time": _Time,
    "status": Status,
    "receipt": Receipt,
    "refusal": Refusal,
    "command": Command,
    "reply": Reply,
}
"""A message's name -> the model of its JSON; ``time`` is part of a batch."""


@cache
def _columns(model: type[Value]) -> Columns:
    """Made when first asked for: a device, which only writes, starts sooner without."""
    return Columns(model)


def pack(seq: int, stamp: Stamp, record: Record) -> Packed:
    """A record as the outbox holds it."""
    body = record.model_dump_json(exclude_defaults=True).encode()
    return Packed(seq, record.kind, stamp, body)


def unpack(row: Packed) -> Record | None:
    """The record of a packed row; None for a kind that this version does not know.

    Raises ``PayloadError`` for a body that is not that kind's.
    """
    model = RECORDS.get(row.kind)
    return None if model is None else _checked(model, _tree(row.body))


def encode_batch(envelope: Envelope, rows: Sequence[Packed]) -> bytes:
    """The wire form of rows that ascend by seq, at most ``MAX_ROWS``; of none, for a question.

    Raises ``PayloadError`` for a row whose body is no JSON object; ``is_sound`` tells which.
    """
    kinds: dict[str, list[Packed]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    body = envelope.model_dump(by_alias=True)
    body["groups"] = [_group(kind, members) for kind, members in kinds.items()]
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return zlib.compress(text.encode(), 6)


def is_sound(row: Packed) -> bool:
    """Whether a row's body is a JSON object, as it was when it was packed."""
    try:
        _object(row)
    except PayloadError:
        return False
    return True


def decode_batch(payload: bytes, max_rows: int = MAX_ROWS) -> Batch:
    """Read a batch that anyone may have sent. Raises ``PayloadError`` saying what is wrong,
    ``VersionError`` where a newer agent's version is all that is.

    Bounded: ``MAX_WIRE_BYTES`` in, ``MAX_PLAIN_BYTES`` and ``MAX_VALUES`` unpacked, both before
    anything is parsed, ``max_rows`` rows.
    """
    plain = _inflated(payload)
    if sum(plain.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise PayloadError(f"The batch has more than {MAX_VALUES} values.")
    tree = _tree(plain)
    _same_version(tree)
    body = _checked(_Body, tree)
    if sum(count for group in body.groups for _, count in group.seqs) > max_rows:
        raise PayloadError(f"The batch has more than {max_rows} rows.")
    rows = sorted(chain.from_iterable(map(_rows, body.groups)), key=attrgetter("seq"))
    if body.groups and not rows:
        raise PayloadError("The batch has groups and no rows.")
    _ascending(rows, body.after)
    return Batch(Envelope.model_construct(**_envelope_fields(body)), tuple(rows))


def encode_message(message: Status | Receipt | Refusal | Command | Reply) -> bytes:
    """Plain JSON, so that a person can read it with any MQTT tool."""
    return message.model_dump_json(by_alias=True).encode()


def decode_status(payload: bytes) -> Status:
    """Read a device's status. Raises ``PayloadError``."""
    return _message(Status, payload)


def decode_receipt(payload: bytes) -> Receipt:
    """Read a collector's receipt. Raises ``PayloadError``."""
    return _message(Receipt, payload)


def decode_answer(payload: bytes) -> Receipt | Refusal:
    """Read what a collector says on a device's ack topic. Raises ``PayloadError``."""
    tree = _message_tree(payload)
    refusal = isinstance(tree, dict) and tree.get("schema") == _REFUSAL
    return _checked(Refusal, tree) if refusal else _checked(Receipt, tree)


def decode_command(payload: bytes) -> Command:
    """Read what anyone may have sent to a device. Raises ``PayloadError``.

    It is short and flat: what is not is refused before it is parsed.
    """
    if len(payload) > MAX_COMMAND_BYTES:
        raise PayloadError(f"The command has {len(payload)} bytes, more than {MAX_COMMAND_BYTES}.")
    if payload.count(b"[") + payload.count(b"{") > MAX_COMMAND_BRACKETS:
        raise PayloadError("The command is nested, and none has to be.")
    return _message(Command, payload)


def decode_reply(payload: bytes) -> Reply:
    """Read a device's answer to a command. Raises ``PayloadError``."""
    return _message(Reply, payload)


def digest(payload: bytes) -> str:
    """The name of a batch in a ``Refusal``: its payload's SHA-256 in 64 hexadecimal digits."""
    return hashlib.sha256(payload).hexdigest()


def _message(model: type[M], payload: bytes) -> M:
    return _checked(model, _message_tree(payload))


def _message_tree(payload: bytes) -> Any:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise PayloadError(f"The message has {len(payload)} bytes, more than {MAX_MESSAGE_BYTES}.")
    return _tree(payload)


def _group(kind: str, rows: Sequence[Packed]) -> dict[str, Any]:
    bodies = [_object(row) for row in rows]
    # The wall clock's distance from the monotonic one is the same in most rows: folded away.
    times = [
        {"boot": at.boot, "ms": at.monotonic_ms, "wall": at.wall_ms - at.monotonic_ms}
        | ({"synced": True} if at.synced else {})
        for at in (row.stamp for row in rows)
    ]
    return {
        "kind": kind,
        "seqs": _runs(row.seq for row in rows),
        "times": _fold(times, {"synced": False}),
        **_fold(bodies, _DEFAULTS.get(kind, {})),
    }


def _object(row: Packed) -> dict[str, Any]:
    body = _tree(row.body)
    if not isinstance(body, dict):
        raise PayloadError(f"Row {row.seq} is no JSON object.")
    return body


def _fold(rows: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of rows; a key that no row has is left out, one that all share is written once."""
    same: dict[str, Any] = {}
    columns: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        column = [row[name] if name in row else defaults.get(name) for row in rows]
        if all(value == column[0] for value in column):
            same[name] = column[0]
        else:
            columns[name] = column
    return {"same": same, "columns": columns}


def _measured(folded: _Folded, count: int) -> None:
    """Refuse columns of another length, and what is written once and meant too often."""
    if any(len(column) != count for column in folded.columns.values()):
        raise PayloadError("A column's length is not its group's number of rows.")
    # What is written once and meant ten thousand times must not fill the reader's memory.
    if len(repr(folded.same)) * count > 4 * MAX_PLAIN_BYTES:
        raise PayloadError("The batch unfolds to too many bytes.")


def _runs(seqs: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for seq in seqs:
        if runs and seq == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((seq, 1))
    return runs


def _same_version(tree: Any) -> None:
    said = tree.get("schema") if isinstance(tree, dict) else None
    if said != _BATCH and re.fullmatch(r"fieldproof\.batch/[0-9]{1,9}", str(said)[:64]):
        raise VersionError(f"The batch is of {said}, and this version reads {_BATCH}.")


def _rows(group: _Group) -> list[Row]:
    """The rows of a group, by ``map``: a collector spends most of its time where rows are made."""
    if any(first + count - 1 > MAX_SEQ for first, count in group.seqs):
        raise PayloadError(f"A sequence number is above {MAX_SEQ}.")
    seqs = [seq for first, count in group.seqs for seq in range(first, first + count)]
    for folded in (group, group.times):
        _measured(folded, len(seqs))
    model = RECORDS.get(group.kind)
    try:
        stamps = _stamps(group.times, len(seqs))
        if model is None:
            raw = _raw(group, len(seqs))
            return list(map(Row, seqs, repeat(group.kind), stamps, repeat(None), raw))
        values = _columns(model).rows(group.same, group.columns, len(seqs))
        return list(map(Row, seqs, repeat(group.kind), stamps, values))
    except PayloadError as error:
        raise PayloadError(f"A row of kind {group.kind} is wrong: {error.message}") from None


def _raw(folded: _Folded, count: int) -> Iterator[str]:
    """Rows of an unknown kind as JSON."""
    names = tuple(folded.columns)
    columns = folded.columns.values()
    for values in zip(*columns, strict=True) if columns else repeat((), count):
        yield json.dumps({**folded.same, **dict(zip(names, values, strict=True))})


def _stamps(times: _Folded, count: int) -> list[Stamp]:
    same, columns = _columns(_Time).checked(times.same, times.columns)
    boot, ms, wall, synced = (
        columns[name] if name in columns else [same.get(name, False)] * count
        for name in ("boot", "ms", "wall", "synced")
    )
    return list(map(Stamp, boot, ms, map(add, ms, wall), synced))


def _ascending(rows: Sequence[Row], after: int) -> None:
    if rows and rows[0].seq <= after:
        raise PayloadError(f"The batch says after {after} and holds row {rows[0].seq}.")
    if len({row.seq for row in rows}) < len(rows):
        raise PayloadError("The batch holds a sequence number twice.")


def _envelope_fields(body: _Body) -> dict[str, Any]:
    return {name: getattr(body, name) for name in Envelope.model_fields}


def _inflated(payload: bytes) -> bytes:
    if len(payload) > MAX_WIRE_BYTES:
        raise PayloadError(f"The batch has {len(payload)} bytes, more than {MAX_WIRE_BYTES}.")
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(payload, MAX_PLAIN_BYTES)
    except zlib.error as error:
        raise PayloadError(f"The batch is not zlib data: {error}.") from None
    if inflate.unconsumed_tail:
        raise PayloadError(f"The batch unpacks to more than {MAX_PLAIN_BYTES} bytes.")
    if not inflate.eof or inflate.unused_data:
        raise PayloadError("The batch's zlib data is cut off, or something follows it.")
    return plain


def _tree(text: bytes) -> Any:
    """JSON to plain values. NaN, infinities and deep nesting are refused by the parser."""
    try:
        return from_json(text, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"Not JSON: {error}.") from None


def _checked(model: type[M], tree: Any) -> M:
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise PayloadError(f"Not a {model.__name__.strip('_')}: {_said(error)}") from None


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"{where[:100]}: {first['msg']} ({error.error_count()} in all)."
