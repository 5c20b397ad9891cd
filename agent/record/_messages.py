"""The messages: a batch's envelope and rows, a device's status, a collector's receipt; topics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from agent.errors import UsageError
from agent.record._rows import (
    FIELDS,
    RECORDS,
    Count,
    Identifier,
    Millis,
    Name,
    PayloadError,
    Record,
    Seq,
    Share,
    Value,
    few,
)

TOPIC_ROOT: Final = "fieldproof/v1"


class Stamp(NamedTuple):
    """When a row was made: boot id, clocks in milliseconds, whether the wall clock was synced."""

    boot: str
    monotonic_ms: int
    wall_ms: int
    synced: bool


class Packed(NamedTuple):
    """A row as the outbox holds it: ``body`` is the record's JSON without its defaults."""

    seq: int
    kind: str
    stamp: Stamp
    body: bytes


class Row(NamedTuple):
    """A row as the collector reads it: the validated ``values`` of its record's fields, in order.

    For a kind that it does not know ``values`` is None and ``raw`` the row's JSON.
    """

    seq: int
    kind: str
    stamp: Stamp
    values: tuple[Any, ...] | None
    raw: str = ""

    @classmethod
    def of(cls, seq: int, stamp: Stamp, record: Record) -> Row:
        """The row of a record."""
        return cls(seq, record.kind, stamp, tuple(getattr(record, n) for n in FIELDS[record.kind]))

    @property
    def record(self) -> Record | None:
        """The record, made when it is asked for: a store needs the values alone."""
        if self.values is None:
            return None
        fields = zip(FIELDS[self.kind], self.values, strict=True)
        return RECORDS[self.kind].model_construct(**dict(fields))


class Envelope(Value):
    """What is said once per batch: who speaks, when, and which rows are settled."""

    schema_: Literal["fieldproof.batch/1"] = Field(default="fieldproof.batch/1", alias="schema")
    site: Identifier
    device: Identifier
    epoch: Identifier
    floor: Seq = 1
    after: Count = 0
    boot: Identifier
    monotonic_ms: Millis
    wall_ms: Millis
    clock_synced: bool = False
    hashes: Annotated[dict[Identifier, Name], Field(max_length=8, default_factory=dict), few(8)]


@dataclass(frozen=True, slots=True)
class Batch:
    """A decoded batch; rows ascend by seq. One without rows asks for its stream's receipt."""

    envelope: Envelope
    rows: tuple[Row, ...]

    @property
    def last(self) -> int:
        return self.rows[-1].seq if self.rows else self.envelope.after


class Status(Value):
    """Retained on the device's status topic; a will of an older session is to be ignored."""

    schema_: Literal["fieldproof.status/1"] = Field(default="fieldproof.status/1", alias="schema")
    site: Identifier
    device: Identifier
    state: Literal["online", "offline", "stopped"]
    session: Identifier
    version: Name = ""
    wall_ms: Millis = 0


class Receipt(Value):
    """All rows of ``epoch`` up to ``seq`` are committed, or declared as never to come."""

    schema_: Literal["fieldproof.receipt/1"] = Field(default="fieldproof.receipt/1", alias="schema")
    device: Identifier
    epoch: Identifier
    seq: Count


class Refusal(Value):
    """The collector set a batch aside: it cannot be read, or the store will not take its rows.

    ``batch`` is the ``digest`` of the payload as it was sent: so even bytes that nobody can read
    are told from others, and the topic alone tells whose they are. On the ack topic.
    """

    schema_: Literal["fieldproof.refusal/1"] = Field(default="fieldproof.refusal/1", alias="schema")
    device: Identifier
    batch: Identifier
    why: Name = ""


class Command(Value):
    """What a device is asked to do, on its cmd topic, never retained.

    ``id`` is the sender's, new for each: a device does nothing twice that has one id. After
    ``expires_ms`` of wall time, where the device's clock is synchronised, it is refused.
    ``suite`` belongs to the command suite, ``cpu_share`` to budget.
    """

    schema_: Literal["fieldproof.command/1"] = Field(default="fieldproof.command/1", alias="schema")
    device: Identifier
    id: Identifier
    name: Identifier
    expires_ms: Millis | None = None
    suite: Name | None = None
    cpu_share: Share | None = None


class Reply(Value):
    """A device's answer to a command, on its reply topic: what became of it, in one sentence.

    ``session`` is the one that runs when it is sent; ``figures`` are those of a report.
    """

    schema_: Literal["fieldproof.reply/1"] = Field(default="fieldproof.reply/1", alias="schema")
    site: Identifier
    device: Identifier
    session: Identifier
    id: Identifier
    name: Identifier
    outcome: Literal["done", "refused", "failed"]
    said: Name = ""
    figures: Annotated[dict[Identifier, float], Field(max_length=64, default_factory=dict), few(64)]
    wall_ms: Millis = 0


class Topic(NamedTuple):
    """``fieldproof/v1/<site>/<device>/<channel>``; ``+`` in a field makes a subscription."""

    site: str
    device: str
    channel: str

    def __str__(self) -> str:
        return f"{TOPIC_ROOT}/{self.site}/{self.device}/{self.channel}"


_NAME = "[A-Za-z0-9_-]{1,64}"
_TOPIC = re.compile(rf"{TOPIC_ROOT}/({_NAME})/({_NAME})/([a-z]{{1,32}})")


def check_name(what: str, name: str) -> None:
    """Raise ``UsageError`` where a ``site``, ``device`` or ``session`` cannot be in a topic."""
    if re.fullmatch(_NAME, name) is None:
        raise UsageError(
            f"{name[:100]!r} is no name for a {what}.",
            remedy=f"Give --{what} 1 to 64 of the characters A-Z, a-z, 0-9, _ and -.",
        )


def parse_topic(text: str) -> Topic:
    """A topic's parts. Raises ``PayloadError`` for one that is not of this contract."""
    match = _TOPIC.fullmatch(text)
    if match is None:
        raise PayloadError(f"{text[:200]!r} is not a topic {TOPIC_ROOT}/<site>/<device>/<channel>.")
    return Topic(*match.groups())
