"""What goes over a link, and how its end is told."""

from __future__ import annotations

from typing import NamedTuple

from agent.errors import BrokerError

TAKEN_OVER = 0x8E
"""The v5 reason code for: another client connected with the same id."""


class LinkLostError(BrokerError):
    """The connection is gone. ``reason`` is the v5 reason code that the broker gave, else 0."""

    reason = 0


class Message(NamedTuple):
    """A publication, received or to be sent."""

    topic: str
    payload: bytes
    retain: bool = False
    mid: int = 0
