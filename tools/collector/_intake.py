"""From messages to the store: what is good is stored, what is not is set aside. Knows no link."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from agent.record import (
    Batch,
    PayloadError,
    Receipt,
    Refusal,
    Topic,
    VersionError,
    decode_batch,
    decode_status,
    digest,
    encode_message,
    parse_topic,
)
from agent.telemetry.link import Message
from tools.collector._clocks import Clocks
from tools.stores import Contact, Letter, Store, Stored, Stream
from tools.stores._errors import PoisonError, StoreError

log = logging.getLogger(__name__)

COMMIT_ROWS = 10_000
"""One commit's rows: more are stored in several, so that memory is bounded."""
MOST_ATTEMPTS = 64
MOST_DEVICES = 10_000
MOST_STRANGE = 100
"""Kinds that are named in the log."""

T = TypeVar("T")
Patience = Callable[[StoreError], None]
"""Waits for a store that is away; raises what it is given where waiting must end."""


@dataclass
class CollectorStatistics:
    """What a collector did since it was made. ``devices`` are ``site/device``."""

    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    connects: int = 0
    devices: set[str] = field(default_factory=set)


class Portion(NamedTuple):
    """Messages that are dealt with, to be acknowledged after ``answers`` were published."""

    messages: list[Message]
    answers: list[Message]


class _Arrived(NamedTuple):
    message: Message
    batch: Batch


class _Poison(NamedTuple):
    """A part of a batch that the store will not take, and why."""

    part: Batch
    why: str


class Intake:
    """Takes messages from anyone; nothing in them raises, and only a store that is away waits."""

    def __init__(self, store: Store, statistics: CollectorStatistics) -> None:
        self.store, self.statistics = store, statistics
        self._clocks = Clocks()
        self._strange: set[str] = set()

    def take(self, messages: deque[Message], patience: Patience) -> Portion:
        """Deal with the first of the messages: all of them, but for a limit of rows.

        What is stored is committed on return. Raises only what ``patience`` does; then nothing
        of the portion is to be acknowledged, and what was stored of it will be known again.
        """
        taken: list[Message] = []
        arrived: list[_Arrived] = []
        contacts: dict[tuple[str, str], Contact] = {}
        letters: list[Letter] = []
        refusals: list[Message] = []
        told: list[Stored] = []
        while messages and sum(len(item.batch.rows) for item in arrived) < COMMIT_ROWS:
            message = messages.popleft()
            taken.append(message)
            self.statistics.messages += 1
            try:
                batch = self._read(message, patience)
            except (PayloadError, PoisonError) as error:
                letters.append(Letter(message.topic, message.payload, error.message))
                # What only an update of this collector can read stays on the device till then.
                if not isinstance(error, VersionError):
                    refusals += _refusal(message, error.message)
                continue
            if batch is not None and not batch.rows:
                told.append(self._told(batch, patience))
            elif batch is not None:
                arrived.append(_Arrived(message, batch))
                contact = self._contact(batch)
                contacts[contact.site, contact.device] = contact
        self._bury(letters, patience)  # in one commit: a flood of them must not hold all else up
        answers, refused = self._sifted(arrived, tuple(contacts.values()), patience)
        return Portion(taken, [*_receipts([*told, *answers]), *refused, *refusals])

    def _read(self, message: Message, patience: Patience) -> Batch | None:
        """The message as a batch; None for a status, which is kept, or what says nothing new."""
        topic = parse_topic(message.topic)
        if topic.channel == "status":
            self._status(topic, message, patience)
            return None
        if message.retain:
            return None  # a retained copy of an event
        batch = decode_batch(message.payload)
        _same_device(topic, batch.envelope.site, batch.envelope.device)
        self._name_strange(batch)
        return batch

    def _status(self, topic: Topic, message: Message, patience: Patience) -> None:
        if not message.payload:
            return  # somebody cleared the retained status
        status = decode_status(message.payload)
        _same_device(topic, status.site, status.device)
        contact = None
        if not message.retain and status.state != "offline":  # else the broker speaks
            contact = Contact(status.site, status.device, _now_ms(), None, False)
        _persist(lambda: self.store.status(status, contact), patience)

    def _told(self, batch: Batch, patience: Patience) -> Stored:
        """The answer to a question: what is settled of its stream. Nothing is stored."""
        stream = Stream(batch.envelope.site, batch.envelope.device, batch.envelope.epoch)
        seq = _persist(lambda: self.store.highest_contiguous(stream), patience)
        return Stored(stream, seq, 0, 0)

    def _contact(self, batch: Batch) -> Contact:
        said, now = batch.envelope, _now_ms()
        skew = self._clocks.heard(said.site, said.device, said.wall_ms, now)
        return Contact(said.site, said.device, now, skew, said.clock_synced)

    def _name_strange(self, batch: Batch) -> None:
        for kind in {row.kind for row in batch.rows if row.values is None} - self._strange:
            if len(self._strange) < MOST_STRANGE:
                self._strange.add(kind)
                log.warning(
                    "Rows of kind %r are kept as they came: a newer agent than this collector?",
                    kind,
                )

    def _sifted(
        self, arrived: Sequence[_Arrived], contacts: Sequence[Contact], patience: Patience
    ) -> tuple[list[Stored], list[Message]]:
        """Store all in one transaction; where rows are refused, find their batch by halves."""
        if not arrived:
            return [], []
        try:
            return self._stored([item.batch for item in arrived], contacts, patience), []
        except PoisonError:
            if len(arrived) == 1:
                return self._salvaged(arrived[0], patience)
        half = len(arrived) // 2
        stored, refused = self._sifted(arrived[:half], contacts, patience)
        more, others = self._sifted(arrived[half:], contacts, patience)
        return [*stored, *more], [*refused, *others]

    def _salvaged(self, item: _Arrived, patience: Patience) -> tuple[list[Stored], list[Message]]:
        """Find the rows that the store will not take by halves; store the batch's others.

        The batch is refused all the same: its device alone can give a row up, and declare it.
        """
        stored: list[Stored] = []
        poison: list[_Poison] = []
        parts = [item.batch]
        for _ in range(MOST_ATTEMPTS):
            if not parts:
                break
            part = parts.pop()
            try:
                stored += self._stored([part], (), patience)
            except PoisonError as error:
                if len(part.rows) == 1:
                    poison.append(_Poison(part, error.message))
                else:
                    parts += _halves(part)
        self._bury([_letter(item.message.topic, found) for found in poison], patience)
        why = poison[0].why if poison else "too many of its rows are refused"
        return stored, _refusal(item.message, why)

    def _stored(
        self, batches: Sequence[Batch], contacts: Sequence[Contact], patience: Patience
    ) -> list[Stored]:
        answers = _persist(lambda: self.store.store_all(batches, contacts), patience)
        counts = self.statistics
        for answer in answers:
            counts.rows += answer.new
            counts.duplicates += answer.duplicates
            if len(counts.devices) < MOST_DEVICES:
                counts.devices.add(f"{answer.stream.site}/{answer.stream.device}")
        return answers

    def _bury(self, letters: Sequence[Letter], patience: Patience) -> None:
        if not letters:
            return
        _persist(lambda: self.store.bury(letters), patience)
        self.statistics.dead_letters += len(letters)
        first = letters[0]
        log.warning(
            "%d messages are of no use and kept as dead letters; the first is on %r: %s",
            len(letters),
            first.topic[:200],
            first.why,
        )


def _persist(write: Callable[[], T], patience: Patience) -> T:
    while True:
        try:
            return write()
        except StoreError as error:
            patience(error)


def _letter(topic: str, poison: _Poison) -> Letter:
    (row,) = poison.part.rows
    body = row.raw if row.record is None else row.record.model_dump_json()
    said = f"Row {row.seq} of epoch {poison.part.envelope.epoch} ({row.kind}): {poison.why}"
    return Letter(topic, body.encode(), said)


def _halves(batch: Batch) -> list[Batch]:
    """A batch in two, the first half last; each says what it covers."""
    half = len(batch.rows) // 2
    head, tail = batch.rows[:half], batch.rows[half:]
    later = batch.envelope.model_copy(update={"after": head[-1].seq})
    return [Batch(later, tail), replace(batch, rows=head)]


def _receipts(answers: Iterable[Stored]) -> list[Message]:
    """The last word per stream: one receipt confirms many batches."""
    newest: dict[Stream, int] = {answer.stream: answer.contiguous for answer in answers}
    return [
        Message(
            str(Topic(stream.site, stream.device, "ack")),
            encode_message(Receipt(device=stream.device, epoch=stream.epoch, seq=seq)),
        )
        for stream, seq in newest.items()
    ]


def _refusal(message: Message, why: str) -> list[Message]:
    """To the device on whose records topic a message came; nothing for any other topic."""
    try:
        sender = parse_topic(message.topic)
    except PayloadError:
        return []
    if sender.channel != "records":
        return []
    refusal = Refusal(device=sender.device, batch=digest(message.payload), why=why[:256])
    return [Message(str(Topic(sender.site, sender.device, "ack")), encode_message(refusal))]


def _same_device(topic: Topic, site: str, device: str) -> None:
    if (topic.site, topic.device) != (site, device):
        raise PayloadError(
            f"The topic is {topic.site}/{topic.device}'s and the message says {site}/{device}."
        )


def _now_ms() -> int:
    return int(time.time() * 1000)
