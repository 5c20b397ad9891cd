"""A batch without rows, to the collector and back: nothing of it stays anywhere.

The collector answers it as any batch, with the receipt of its stream, and stores nothing. The
stream is one that no outbox has, so that an agent of the same name takes no notice of the receipt.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Final

from agent.record import (
    Envelope,
    PayloadError,
    Receipt,
    Refusal,
    Topic,
    decode_answer,
    digest,
    encode_batch,
)
from agent.telemetry.link import Link, Message

STEP_S: Final = 0.1


@dataclass(frozen=True)
class Answer:
    """``reason``: the broker's, 0 where it took the batch, None where it said nothing.

    ``receipt`` tells whether the collector's came, ``refusal`` why it set the batch aside - as one
    does that is older than batches without rows -, ``seconds`` how long all took.
    """

    reason: int | None
    receipt: bool
    refusal: str
    seconds: float


def ask(link: Link, site: str, device: str, *, seconds: float, receipt: bool = True) -> Answer:
    """Publish the empty batch and wait for the broker's and the collector's word.

    ``receipt`` false: for the broker's alone. Raises ``BrokerError``.
    """
    epoch = uuid.uuid4().hex
    if receipt:
        link.subscribe([str(Topic(site, device, "ack"))])
    payload = encode_batch(
        Envelope(
            site=site,
            device=device,
            epoch=epoch,
            boot=uuid.uuid4().hex,
            monotonic_ms=int(time.monotonic() * 1000),
            wall_ms=int(time.time() * 1000),
            hashes={},
        ),
        [],
    )
    start = time.monotonic()
    mid = link.publish(Message(str(Topic(site, device, "records")), payload))
    reason: int | None = None
    answered, refusal = False, ""
    while time.monotonic() - start < seconds:
        link.step(STEP_S)
        while link.acknowledged:
            number, said = link.acknowledged.popleft()
            reason = said if number == mid else reason
        while link.messages:
            answer = _read(link.messages.popleft())
            answered |= isinstance(answer, Receipt) and answer.epoch == epoch
            if isinstance(answer, Refusal) and answer.batch == digest(payload):
                refusal = answer.why
        if reason or (reason == 0 and (answered or refusal or not receipt)):
            break
    return Answer(reason, answered, refusal, time.monotonic() - start)


def _read(message: Message) -> Receipt | Refusal | None:
    try:
        return decode_answer(message.payload)
    except PayloadError:
        return None
