"""One MQTT connection, driven by its owner's thread: nothing happens outside ``step``.

A link is made, used and thrown away; what was under way is its owner's to send again. So none of
paho's own queues and resends outlive a connection, and one thread is enough on each side.
MQTT v5 is tried first, 3.1.1 where the broker does not take it.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import BrokerError
from agent.telemetry.link._address import Address
from agent.telemetry.link._message import LinkLostError, Message
from agent.telemetry.link._socket import TlsSocket, connect, tls_error

CONNECT_S = 10.0
"""From the name's look-up to the broker's answer to CONNECT, TLS included."""
KEEPALIVE_S = 30
SESSION_DAYS = 30
MOST_BYTES = 4 << 20
"""A larger packet is not sent to a persistent v5 link: what nobody may send fills no memory."""
UNSUPPORTED_VERSION = 0x84
FAILURE = 0x80


class _NotSpokenError(BrokerError):
    """The other end does not answer as a broker of this protocol version would."""


class _Client(paho.Client):
    """paho's client on a socket that is connected already."""

    made: socket.socket

    def _create_socket(self) -> socket.socket:
        return self.made


class Link:
    """A connected client. ``messages`` and ``acknowledged`` (mid, reason code) fill in ``step``.

    ``persistent`` keeps the broker's session over connections; with ``manual_ack`` each message
    is acknowledged by ``ack``, and on a persistent v5 link at most ``prefetch`` come before that.
    Raises ``BrokerError`` in one sentence where the broker cannot be reached or refuses, and
    ``ConfigError`` for TLS files that cannot be used.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        *,
        will: Message | None = None,
        persistent: bool = False,
        manual_ack: bool = False,
        prefetch: int = 100,
    ) -> None:
        self.address, self.client_id, self.will = address, client_id, will
        self.persistent, self.manual_ack, self.prefetch = persistent, manual_ack, prefetch
        self.messages: deque[Message] = deque()
        self.acknowledged: deque[tuple[int, int]] = deque()
        self.max_packet = 0
        self.receive_maximum = 65535
        self._subscribed: dict[int, bool] = {}
        try:
            # amqtt meets a v5 CONNECT that carries a will or properties with silence, and a bare
            # one with the right answer; so brokers are asked with a bare one first. Not over TLS:
            # a broker that makes the user the client id would end the session that is kept for us.
            if not address.tls:
                self._open(5, asking=True)
                self.close()
            self._open(5)
        except _NotSpokenError:
            self._open(4)

    @property
    def version(self) -> str:
        return "5.0" if self._version == 5 else "3.1.1"

    def step(self, timeout: float) -> None:
        """Receive and send for up to ``timeout`` seconds. Raises ``LinkLostError``."""
        self._check(self._client.loop(timeout))

    def publish(self, message: Message) -> int:
        """Send at QoS 1; the message id as ``acknowledged`` will name it.

        Raises ``LinkLostError``.
        """
        self._published += 1
        info = self._client.publish(message.topic, message.payload, 1, message.retain)
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_QUEUE_SIZE):
            self._check(info.rc)
        return info.mid

    def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe at QoS 1 and wait for the answer. Raises ``BrokerError`` where refused."""
        code, mid = self._client.subscribe([(topic, 1) for topic in topics])
        self._check(code)
        end = time.monotonic() + CONNECT_S
        while mid not in self._subscribed:
            self.step(0.1)
            if mid is None or time.monotonic() > end:
                raise BrokerError(f"The broker {self.address} does not answer a subscription.")
        if not self._subscribed.pop(mid):
            raise BrokerError(
                f"The broker {self.address} refuses the subscription to {', '.join(topics)}.",
                remedy="Check its access rules for this user.",
            )

    def ack(self, message: Message) -> None:
        """Acknowledge a received message."""
        if message.mid:
            self._client.ack(message.mid, 1)

    def settled(self, timeout: float) -> bool:
        """Wait until all that was published is acknowledged; whether it is."""
        end = time.monotonic() + timeout
        while self._unsettled and time.monotonic() < end:
            self.step(0.05)
        return not self._unsettled

    def close(self) -> None:
        """Disconnect in good order, so that no will is sent. May be called twice."""
        if self._lost is None and self._client.disconnect() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            end = time.monotonic() + 1.0
            while self._lost is None and time.monotonic() < end:
                if self._client.loop(0.05) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _unsettled(self) -> bool:
        return self._published > self._settled

    def _open(self, version: int, *, asking: bool = False) -> None:
        self._version = version
        self._lost: LinkLostError | None = None
        self._answer: ReasonCode | None = None
        self._published = self._settled = 0
        self._client = self._made(version, asking)
        extra: dict[str, Any] = {}
        if version == 5 and self.persistent and not asking:
            extra = {"clean_start": False, "properties": self._properties()}
        deadline = time.monotonic() + CONNECT_S
        self._client.made = connect(self.address, deadline)
        self._client.connect(self.address.host, self.address.port, KEEPALIVE_S, **extra)
        self._await_answer(deadline)
        if self._answer is not None and self._answer.is_failure and not asking:
            raise BrokerError(
                f"The broker {self.address} refuses the connection: {self._answer.getName()}.",
                remedy="Check user, password and the broker's access rules.",
            )

    def _await_answer(self, deadline: float) -> None:
        tls = self._client.made if isinstance(self._client.made, TlsSocket) else None
        while self._answer is None:
            code = self._client.loop(max(0.0, min(0.1, deadline - time.monotonic())))
            if self._answer is not None:
                break
            if code:
                self._client.disconnect()
                if tls is not None and tls.failure is not None:
                    raise tls_error(self.address, tls.failure)
                if tls is not None and self.address.cert_file is None:
                    # A server's refusal may be lost with the connection that it ends.
                    raise _NotSpokenError(
                        f"The broker {self.address} ends the connection after the TLS handshake.",
                        remedy="It may want a client's certificate: --cert-file and --key-file.",
                    )
                raise _NotSpokenError(
                    f"The broker {self.address} ends the connection without an answer.",
                    remedy="Is it an MQTT broker, and does it want TLS (mqtts://)?",
                )
            if time.monotonic() > deadline:
                self._client.made.close()
                raise BrokerError(
                    f"The broker {self.address} does not answer within {CONNECT_S:.0f} s.",
                    remedy="Is it an MQTT broker, and does it want TLS (mqtts://)?",
                )
        if self._answer.value == UNSUPPORTED_VERSION:
            raise _NotSpokenError(f"The broker {self.address} speaks neither MQTT v5 nor 3.1.1.")

    def _made(self, version: int, asking: bool) -> _Client:
        protocol = MQTTProtocolVersion.MQTTv5 if version == 5 else MQTTProtocolVersion.MQTTv311
        client = _Client(
            CallbackAPIVersion.VERSION2,
            self.client_id + ("-asks" if asking else ""),
            clean_session=None if version == 5 else not self.persistent,
            protocol=protocol,
            reconnect_on_failure=False,
            manual_ack=self.manual_ack,
        )
        client.max_inflight_messages_set(0)  # the owner counts what is under way
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_publish = self._on_message, self._on_publish
        client.on_subscribe = self._on_subscribe
        if self.address.username:
            client.username_pw_set(self.address.username, self.address.password or None)
        if self.will is not None and not asking:
            client.will_set(self.will.topic, self.will.payload, 1, self.will.retain)
        return client

    def _properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = self.prefetch
        properties.MaximumPacketSize = MOST_BYTES
        properties.SessionExpiryInterval = SESSION_DAYS * 86400
        return properties

    def _check(self, code: MQTTErrorCode) -> None:
        if self._lost is not None:
            raise self._lost
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkLostError(
                f"The connection to {self.address} is lost: {paho.error_string(code)}"
            )

    def _on_connect(
        self, client: object, data: object, flags: object, reason: ReasonCode, properties: Any
    ) -> None:
        self._answer = reason
        self.max_packet = getattr(properties, "MaximumPacketSize", 0)
        self.receive_maximum = getattr(properties, "ReceiveMaximum", 65535)

    def _on_disconnect(
        self, client: object, data: object, flags: object, reason: ReasonCode, properties: object
    ) -> None:
        if self._lost is None:  # paho may tell twice; the first time it knows the reason
            why = f"The connection to {self.address} is lost: {reason.getName()}."
            self._lost = LinkLostError(why)
            self._lost.reason = reason.value

    def _on_message(self, client: object, data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self.messages.append(Message(topic, bytes(message.payload), message.retain, message.mid))

    def _on_publish(
        self, client: object, data: object, mid: int, reason: ReasonCode, properties: object
    ) -> None:
        self._settled += 1
        self.acknowledged.append((mid, reason.value if reason.value >= FAILURE else 0))

    def _on_subscribe(
        self, client: object, data: object, mid: int, reasons: Sequence[ReasonCode], _: object
    ) -> None:
        self._subscribed[mid] = not any(reason.is_failure for reason in reasons)
