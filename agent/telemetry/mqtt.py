"""The publisher over MQTT: batches at QoS 1, freed from the outbox by the collector's receipts."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from agent.errors import BrokerError, FieldproofError
from agent.record import (
    Packed,
    PayloadError,
    Receipt,
    Refusal,
    Reply,
    Status,
    decode_answer,
    decode_status,
    digest,
    encode_batch,
    encode_message,
    is_sound,
)
from agent.telemetry import STOP_S, Publisher
from agent.telemetry._identity import Identity
from agent.telemetry._window import Sent, Window
from agent.telemetry.link import TAKEN_OVER, Address, LinkLostError, Message, check_files
from agent.telemetry.outbox import Outbox

if TYPE_CHECKING:
    from agent.telemetry.link import Link

log = logging.getLogger(__name__)

MAX_BATCH_BYTES = 64 << 10
LEAST_PACKET = 4 << 10
"""A broker that takes less would have good rows quarantined."""
IDLE_S = 0.1
TURN_S = 1.0
BACKOFF_S = 0.5
BACKOFF_MAX_S = 30.0
MANY = 6
MOST_REPLIES = 32
NOT_THE_ROWS_FAULT = frozenset({0x87, 0x89, 0x8B, 0x97})
"""Not authorised, server busy, shutting down, quota exceeded: no other batch would fare better."""


class Mqtt(Publisher):
    """Sends the outbox to a broker as ``fieldproof/v1/<site>/<device>/records``.

    ``session`` names this run in the retained status (online, offline as will, stopped).
    ``hashes`` of model, profile and config go into every batch. ``ack`` tells what frees a row:
    the ``collector``'s receipt, or the ``broker``'s acknowledgement for those who have no
    collector of ours. A refusal that is not the row's fault (access rules, quota) is waited out.

    A row is set aside in the outbox (quarantine) after ``MAX_STRIKES`` failures of its own, alone
    in its batch: the broker or the collector refuses it, or it vanishes on the way while the
    collector answers for later rows. Where no collector answers at all, rows wait for ever and
    ``last_error`` says so. After each refusal of a single row the next ones are held back a while,
    longer each time until one is taken: who refuses all must not empty the outbox.

    ``obey`` is given what comes on the device's cmd topic, and whether it was retained; it runs in
    the publisher's thread, must not raise, and returns what is to be replied at once. A broker
    whose rules keep commands from this device is no error. ``replies`` are those that wait for the
    broker: what one session's publisher cannot send any more the next one's does, from the same.
    Raises ``ConfigError`` for TLS files that cannot be used.
    """

    def __init__(
        self,
        outbox: Outbox,
        address: Address,
        site: str,
        device: str,
        session: str,
        *,
        hashes: Mapping[str, str] | None = None,
        ack: Literal["collector", "broker"] = "collector",
        batch_rows: int = 100,
        receipt_s: float = 10.0,
        obey: Callable[[bytes, bool], Reply | None] | None = None,
        replies: deque[Reply] | None = None,
    ) -> None:
        super().__init__(outbox)
        check_files(address)
        self.address, self.site, self.device, self.session = address, site, device, session
        self.ack = ack
        self._who = Identity(site, device, session, dict(hashes or {}))
        self._window = Window(batch_rows, receipt_s)
        self._hold_until = 0.0
        self._in_vain = 0
        self._epoch = outbox.epoch
        self._obey = obey
        self._replies = deque[Reply](maxlen=MOST_REPLIES) if replies is None else replies
        self._said: dict[int, Reply] = {}  # by their message's number, until the broker has them
        self._repeated: set[str] = set()
        self._link: Link | None = None
        self._ready = False
        self._tried, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    @property
    def connected(self) -> bool:
        return self._ready

    @property
    def protocol(self) -> str:
        """The MQTT version in use, empty while there is no link."""
        link = self._link
        return link.version if link is not None else ""

    def start(self) -> None:
        self._thread.start()

    def check(self, timeout: float) -> bool:
        self._tried.wait(timeout)
        return self._ready

    def stop(self, timeout: float = STOP_S) -> None:
        if not self._ending.is_set():
            self._ending.set()
            if self._thread.is_alive():
                self._thread.join(timeout)

    def say(self, reply: Reply) -> None:
        self._replies.append(reply)

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set():
            try:
                failures = self._attempt(failures)
            except Exception as error:
                # Whatever it is: a thread that ended here would keep all records unsent, unseen.
                log.exception("The publisher failed; it tries again.")
                self.last_error = f"The publisher failed: {type(error).__name__}: {error}"
                failures += 1
            finally:
                self._ready, self._link = False, None
                self._tried.set()
            # Full jitter: a fleet that lost its broker must not come back as one.
            most = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(failures, MANY))
            self._wait(random.uniform(0, most))

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._ending.wait(min(left, TURN_S)):
            self.turns += 1

    def _attempt(self, failures: int) -> int:
        """Converse once; how many times it has failed by now, after ``failures`` before."""
        self.turns += 1
        try:
            self._converse()
        except FieldproofError as error:
            # Two agents of one name would throw each other out for ever: be slow then.
            taken_over = isinstance(error, LinkLostError) and error.reason == TAKEN_OVER
            failures = MANY if taken_over else 0 if self._ready else failures + 1
            self._lost(error)
        return failures

    def _lost(self, error: FieldproofError) -> None:
        if error.message != self.last_error:
            log.warning("%s", error.message)
        self.last_error = error.message
        if isinstance(error, LinkLostError) and error.reason == TAKEN_OVER:
            self.statistics.takeovers += 1
            self.last_error = f"Another agent uses the name {self.site}/{self.device}."
            log.error("%s Give each device a name of its own.", self.last_error)
        elif isinstance(error, LinkLostError) and self._ready and self.protocol == "5.0":
            # Where v5 is spoken brokers may end the connection for a batch that is too large.
            batch = self._window.broken()
            if batch is not None and error.reason not in NOT_THE_ROWS_FAULT:
                self._struck(batch, "the broker ends the connection on it")

    def _converse(self) -> None:
        """One connection, from birth to its loss or to the end of the session."""
        from agent.telemetry.link import Link  # loads paho

        prefix = f"fieldproof-{self.site}-{self.device}"
        with Link(self.address, prefix, will=self._who.status("offline")) as link:
            self._link = link
            if self._ending.is_set():
                return  # whoever waited for this has gone
            if 0 < link.max_packet < LEAST_PACKET:
                raise BrokerError(
                    f"The broker {self.address} takes packets of {link.max_packet} bytes at most;"
                    f" records need {LEAST_PACKET}.",
                    remedy="Raise max_packet_size in its configuration.",
                )
            link.subscribe([self._who.topic(channel) for channel in ("ack", "status")])
            self._hear_commands(link)
            link.publish(self._who.status("online"))
            if not link.settled(5.0):
                raise BrokerError(f"The broker {self.address} does not acknowledge.")
            link.acknowledged.clear()
            self._rewind()
            self._window.inflight = min(self._window.inflight, link.receive_maximum)
            self.statistics.connects += 1
            self.last_error, self._ready = "", True
            self._tried.set()
            self._hear(link)
            try:
                while not self._ending.is_set():
                    self.turns += 1
                    self._send(link)
                    self._reply(link)
                    link.step(IDLE_S)
                    self._hear(link)
                self._reply(link)
                link.publish(self._who.status("stopped"))
                link.settled(2.0)
                self._acknowledge(link)
            finally:
                self._take_back()

    def _hear_commands(self, link: Link) -> None:
        """Ask for commands; where the broker's rules keep them away there are none."""
        if self._obey is None:
            return
        try:
            link.subscribe([self._who.topic("cmd")])
        except LinkLostError:
            raise
        except BrokerError as error:
            log.warning("No commands come: %s", error.message)

    def _reply(self, link: Link) -> None:
        while self._replies:
            reply = self._replies.popleft()
            try:
                mid = link.publish(Message(self._who.topic("reply"), encode_message(reply)))
            except LinkLostError:
                self._replies.appendleft(reply)
                raise
            self._said[mid] = reply

    def _take_back(self) -> None:
        """The link is gone: what the broker has not acknowledged is said again, but once.

        A broker may end the connection upon a reply that its rules forbid.
        """
        again = [reply for reply in self._said.values() if reply.id not in self._repeated]
        self._replies.extendleft(reversed(again))
        self._repeated = {reply.id for reply in again}
        self._said.clear()

    def _send(self, link: Link) -> None:
        """Send what is committed, as far as the window has room."""
        window = self._window
        if window.is_overdue(time.monotonic()):
            self._overdue()
        if self._epoch != self.outbox.epoch:
            self._rewind()  # the outbox was damaged and made anew
        while (
            window.has_room
            and time.monotonic() >= self._hold_until
            and self.outbox.last_committed > window.cursor
        ):
            rows = self.outbox.pending(window.size, window.cursor)
            if not rows:
                return
            self._send_batch(link, rows)

    def _overdue(self) -> None:
        """Nothing was confirmed for too long: send again, and say what is amiss."""
        who = "receipt from a collector" if self.ack == "collector" else "answer from the broker"
        self.last_error = f"No {who} for {self._window.under_way} rows; they are sent again."
        log.info("%s", self.last_error)
        row = self._window.vanished()
        if row is not None:
            self._refused(row, "it never arrives, though the collector answers for later rows")
        self._rewind()

    def _send_batch(self, link: Link, rows: list[Packed]) -> None:
        topic = self._who.topic("records")
        limit = min(MAX_BATCH_BYTES, (link.max_packet or MAX_BATCH_BYTES + 256) - len(topic) - 64)
        try:
            rows, payload = self._encoded(rows, limit)
        except PayloadError as error:
            log.error("%s", error.message)
            unsound = [row.seq for row in rows if not is_sound(row)]
            self._quarantine(unsound, "the stored body is no JSON")
            return
        if len(payload) > limit:
            self._quarantine([rows[0].seq], "too large for the broker")
            return
        self.outbox.sending(rows[-1].seq)
        mid = link.publish(Message(topic, payload))
        batch = Sent(rows[0].seq, rows[-1].seq, len(rows))
        counts = self.statistics
        counts.resent += self._window.sent(mid, batch, time.monotonic(), digest(payload))
        counts.batches, counts.rows = counts.batches + 1, counts.rows + len(rows)
        counts.bytes += len(payload)

    def _encoded(self, rows: list[Packed], limit: int) -> tuple[list[Packed], bytes]:
        """As many of the first rows as go into ``limit`` bytes, at least one, and their batch."""
        while True:
            payload = encode_batch(self._who.envelope(self.outbox, self._window.cursor), rows)
            if len(payload) <= limit or len(rows) == 1:
                return rows, payload
            rows = rows[: len(rows) // 2]

    def _hear(self, link: Link) -> None:
        """Acknowledgements and receipts that came."""
        self._acknowledge(link)
        while link.messages:
            message = link.messages.popleft()
            try:
                if message.topic.endswith("/cmd"):
                    self._command(message)
                elif message.topic.endswith("/ack"):
                    self._answer(decode_answer(message.payload))
                elif message.payload:
                    self._namesake(decode_status(message.payload), message.retain)
            except PayloadError as error:
                log.warning("A message on %s cannot be read: %s", message.topic, error)

    def _acknowledge(self, link: Link) -> None:
        """What the broker has taken, and what it will not."""
        while link.acknowledged:
            mid, reason = link.acknowledged.popleft()
            if self._said.pop(mid, None) is not None:
                continue
            batch = self._window.acknowledged(mid, time.monotonic())
            if batch is not None and reason:
                self._answered_no(batch, reason)
            elif batch is not None and self.ack == "broker":
                self._window.accepted(batch)
                self._in_vain = 0
        if self.ack == "broker":
            self.outbox.release(self.outbox.epoch, self._window.settled())

    def _command(self, message: Message) -> None:
        reply = self._obey(message.payload, message.retain) if self._obey else None
        if reply is not None:
            self.say(reply)

    def _namesake(self, status: Status, retained: bool) -> None:
        """Another session under this name throws us out, and many brokers do not say so.

        It shows by its status: retained, where ours should be since our first birth, or live. One
        that stopped in good order has left the name to us.
        """
        since_birth = self.statistics.connects > 1 if retained else status.state == "online"
        if since_birth and status.state != "stopped" and status.session != self.session:
            taken = LinkLostError("Another agent is here.")
            taken.reason = TAKEN_OVER
            raise taken

    def _answer(self, answer: Receipt | Refusal) -> None:
        """What the collector says; in broker mode its refusals are not for us."""
        if answer.device != self.device:
            return
        if isinstance(answer, Receipt):
            self._receipt(answer)
        elif self.ack == "collector":
            self._refusal(answer)

    def _receipt(self, receipt: Receipt) -> None:
        if receipt.epoch != self.outbox.epoch:
            return
        self.statistics.receipts += 1
        self._window.answered()
        if self.outbox.release(receipt.epoch, receipt.seq):
            self._window.confirmed(receipt.seq, time.monotonic())
            self.last_error, self._in_vain = "", 0

    def _refusal(self, refusal: Refusal) -> None:
        """The collector set a batch aside: halve it, or strike its only row."""
        batch = self._window.named(refusal.batch)
        if batch is None or batch.last <= self.outbox.released:
            return
        self.last_error = f"The collector refuses records: {refusal.why}"
        self._struck(batch, f"the collector refuses it: {refusal.why}")
        self._rewind()

    def _answered_no(self, batch: Sent, reason: int) -> None:
        if reason in NOT_THE_ROWS_FAULT:
            self.statistics.refused += 1
            self.last_error = f"The broker {self.address} refuses records (reason {reason:#x})."
            log.error("%s Check its access rules and quotas.", self.last_error)
            self._hold_until = time.monotonic() + BACKOFF_MAX_S
        else:
            self._struck(batch, f"the broker refuses it (reason {reason:#x})")
        self._rewind()

    def _struck(self, batch: Sent, why: str) -> None:
        """A batch was said no to: go on with halves, or strike its only row and hold back."""
        if batch.rows == 1:
            wait = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(self._in_vain, MANY))
            self._hold_until = time.monotonic() + wait
            self._in_vain += 1
        self._refused(batch, why)

    def _refused(self, batch: Sent, why: str) -> None:
        self.statistics.refused += 1
        hopeless = self._window.refused(batch)
        if hopeless is not None:
            self._quarantine([hopeless], why)

    def _quarantine(self, seqs: list[int], why: str) -> None:
        if self.outbox.quarantine(seqs, why):
            self.statistics.quarantined += len(seqs)
        else:
            # The disk fails, and the rows stay first in line: not again at once.
            self._hold_until = time.monotonic() + BACKOFF_MAX_S

    def _rewind(self) -> None:
        self._epoch = self.outbox.epoch
        self._window.restart(self.outbox.released, time.monotonic())
