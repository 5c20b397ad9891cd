"""The collector's loop: one thread that receives, stores and confirms."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple

from agent.errors import BrokerError
from agent.record import (
    Batch,
    PayloadError,
    Receipt,
    Refusal,
    Topic,
    decode_batch,
    decode_status,
    digest,
    encode_message,
    parse_topic,
)
from agent.telemetry.link import Address, Link, Message
from tools.stores import Store, Stored, Stream
from tools.stores._errors import PoisonError, StoreError

log = logging.getLogger(__name__)

PREFETCH = 100
COMMIT_MESSAGES = 50
WAIT_S = 0.2
RETRY_S = 1.0
BACKOFF_S = 0.5
BACKOFF_MAX_S = 15.0


@dataclass
class CollectorStatistics:
    """What a collector did since it was made. ``devices`` are ``site/device``."""

    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    connects: int = 0
    devices: set[str] = field(default_factory=set)


class _Arrived(NamedTuple):
    message: Message
    batch: Batch


class Collector:
    """Collects from one broker into one store, and reconnects for ever.

    ``site`` restricts it to one site. ``name`` is its MQTT client id: a second collector under
    the same name takes the first one's place. ``last_error`` says what is wrong, if anything.
    """

    def __init__(
        self, address: Address, store: Store, *, site: str = "+", name: str = "fieldproof-collector"
    ) -> None:
        self.address, self.store, self.site, self.name = address, store, site, name
        self.statistics = CollectorStatistics()
        self.last_error = ""
        self._connected, self._tried = threading.Event(), threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def check(self, timeout: float) -> bool:
        """Wait for the first attempt to connect; whether it worked (see ``last_error``)."""
        self._tried.wait(timeout)
        return self.connected

    def start(self) -> None:
        """Collect in a thread until ``stop``."""
        self._thread = threading.Thread(
            target=self.run_until, args=(self._stop,), name="collector", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Store what has arrived, disconnect, end the thread. May be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Collector:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def run_until(self, stop: threading.Event) -> None:
        """Collect in this thread until the event; what has arrived is stored before it returns.

        Where the store is away at that moment, nothing is acknowledged: the broker keeps it.
        """
        self._stop = stop
        failures = 0
        while not stop.is_set():
            try:
                self._converse(stop)
            except BrokerError as error:
                failures = 0 if self.connected else failures + 1
                if error.message != self.last_error:
                    log.warning("%s", error.message)
                self.last_error = error.message
            finally:
                self._connected.clear()
                self._tried.set()
            stop.wait(random.uniform(0, min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(failures, 10))))

    def _converse(self, stop: threading.Event) -> None:
        with Link(
            self.address, self.name, persistent=True, manual_ack=True, prefetch=PREFETCH
        ) as link:
            topics = [str(Topic(self.site, "+", channel)) for channel in ("records", "status")]
            link.subscribe(topics)
            self.statistics.connects += 1
            self.last_error = ""
            self._connected.set()
            self._tried.set()
            while not stop.is_set():
                link.step(WAIT_S)
                self._gather(link)
                self._take(link)
            self._take(link)
            link.settled(2.0)

    def _gather(self, link: Link) -> None:
        """Receive what is there already: one commit for many messages."""
        before = -1
        while before < len(link.messages) < COMMIT_MESSAGES:
            before = len(link.messages)
            link.step(0.0)

    def _take(self, link: Link) -> None:
        """Everything that has arrived: stored, receipted, acknowledged."""
        arrived: list[_Arrived] = []
        rest: list[Message] = []
        while link.messages:
            message = link.messages.popleft()
            batch = self._batch(message, link)
            if batch is None:
                rest.append(message)
            else:
                arrived.append(_Arrived(message, batch))
        answers = self._sifted(arrived, link)
        for stream, seq in _newest(answers).items():
            receipt = Receipt(device=stream.device, epoch=stream.epoch, seq=seq)
            topic = str(Topic(stream.site, stream.device, "ack"))
            link.publish(Message(topic, encode_message(receipt)))
        for message in (*(item.message for item in arrived), *rest):
            link.ack(message)

    def _batch(self, message: Message, link: Link) -> Batch | None:
        """The message as a batch; None for what is no batch and has been dealt with."""
        self.statistics.messages += 1
        try:
            topic = parse_topic(message.topic)
            if topic.channel == "status":
                self._status(topic, message)
                return None
            if message.retain:
                return None  # a retained copy of an event says nothing new
            batch = decode_batch(message.payload)
            _same_device(topic, batch.envelope.site, batch.envelope.device)
            return batch
        except PayloadError as error:
            self._bury(message, error.message, link)
            return None

    def _status(self, topic: Topic, message: Message) -> None:
        if not message.payload:
            return  # somebody cleared the retained status
        status = decode_status(message.payload)
        _same_device(topic, status.site, status.device)
        self.store.status(status)

    def _sifted(self, arrived: Sequence[_Arrived], link: Link) -> list[Stored]:
        """Store all; where rows are refused, find the batch by halves and set it aside."""
        try:
            return self._stored([item.batch for item in arrived], link)
        except PoisonError as error:
            if len(arrived) == 1:
                self._bury(arrived[0].message, error.message, link)
                return []
        half = len(arrived) // 2
        return [*self._sifted(arrived[:half], link), *self._sifted(arrived[half:], link)]

    def _bury(self, message: Message, why: str, link: Link) -> None:
        """Keep what is of no use, and say so to the device that sent it as records."""
        self.statistics.dead_letters += 1
        log.warning("A message on %r is of no use: %s", message.topic[:200], why)
        self.store.dead_letter(message.topic, message.payload, why)
        sender = _sender(message.topic)
        if sender is not None:
            refusal = Refusal(device=sender.device, batch=digest(message.payload), why=why[:256])
            topic = str(Topic(sender.site, sender.device, "ack"))
            link.publish(Message(topic, encode_message(refusal)))

    def _stored(self, batches: Sequence[Batch], link: Link) -> list[Stored]:
        """Store; while the store is away, keep the link alive and acknowledge nothing."""
        while batches:  # once, or as often as it takes
            try:
                answers = self.store.store_all(batches)
            except StoreError as error:
                if error.message != self.last_error:
                    log.error("%s", error.message)
                self.last_error = error.message
                if self._stop.is_set():
                    raise
                link.step(0.0)
                self._stop.wait(RETRY_S)
                continue
            self._count(answers)
            return answers
        return []

    def _count(self, answers: Sequence[Stored]) -> None:
        self.last_error = ""
        for answer in answers:
            self.statistics.rows += answer.new
            self.statistics.duplicates += answer.duplicates
            self.statistics.devices.add(f"{answer.stream.site}/{answer.stream.device}")


def _newest(answers: Sequence[Stored]) -> dict[Stream, int]:
    """The last word per stream: one receipt confirms many batches."""
    return {answer.stream: answer.contiguous for answer in answers}


def _sender(topic: str) -> Topic | None:
    """The device on whose records topic a message came; None for any other topic."""
    try:
        sender = parse_topic(topic)
    except PayloadError:
        return None
    return sender if sender.channel == "records" else None


def _same_device(topic: Topic, site: str, device: str) -> None:
    if (topic.site, topic.device) != (site, device):
        raise PayloadError(
            f"The topic is {topic.site}/{topic.device}'s and the message says {site}/{device}."
        )
