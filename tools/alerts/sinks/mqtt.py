"""Alerts as JSON on MQTT: ``fieldproof/v1/<site>/<device>/alert``, QoS 1, not retained.

What is not of one device has ``-`` for the names that it lacks. By the access rules that
``fieldproof deploy`` writes no device may write to that channel.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from agent.errors import BrokerError
from agent.record import Topic
from agent.telemetry.link import Address, Link, Message
from tools.alerts.sinks import DeliveryError, Notice, RefusedError, Settings, Sink

CHANNEL = "alert"
ANSWER_S = 5.0


class MqttSettings(Settings):
    kind: Literal["mqtt"] = "mqtt"
    broker: str
    client_id: str = "fieldproof-alerts"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    password_file: Path | None = None


class Mqtt(Sink):
    """A connection for each notice: they are few, and none is to be kept alive between them."""

    Settings = MqttSettings

    def __init__(self, settings: MqttSettings) -> None:
        self._client_id = settings.client_id
        self._address = Address.parse(
            settings.broker,
            ca_file=settings.ca_file,
            cert_file=settings.cert_file,
            key_file=settings.key_file,
            password_file=settings.password_file,
        )

    def deliver(self, notice: Notice) -> None:
        body = json.dumps({**notice.body(), "key": notice.key}, allow_nan=False).encode()
        try:
            with Link(self._address, self._client_id) as link:
                link.publish(Message(topic_of(notice), body))
                if not link.settled(ANSWER_S):
                    raise DeliveryError(f"{self._address} does not confirm it.")
                _, reason = link.acknowledged[-1]
        except (DeliveryError, RefusedError):
            raise
        except BrokerError as error:
            raise DeliveryError(error.message) from None
        if reason:
            # Rules of access may be mended; the notice waits.
            raise DeliveryError(f"{self._address} refuses it (reason {reason:#x}).")


def topic_of(notice: Notice) -> str:
    """The topic of a notice, by the site and device in its details."""
    details = notice.alert["details"]
    return str(Topic(details.get("site") or "-", details.get("device") or "-", CHANNEL))
