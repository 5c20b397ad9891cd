"""Who a publisher speaks for: its names, and what it says about itself."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent import __version__
from agent.record import Envelope, Status, Topic, check_name, encode_message
from agent.telemetry.link import Message
from agent.telemetry.outbox import Outbox


@dataclass(frozen=True)
class Identity:
    """A device at a site in a session; ``hashes`` of model, profile and config by name.

    Raises ``UsageError`` for a name that no topic may hold.
    """

    site: str
    device: str
    session: str
    hashes: Mapping[str, str]

    def __post_init__(self) -> None:
        for what, name in (
            ("site", self.site),
            ("device", self.device),
            ("session", self.session),
        ):
            check_name(what, name)

    def topic(self, channel: str) -> str:
        return str(Topic(self.site, self.device, channel))

    def envelope(self, outbox: Outbox, after: int) -> Envelope:
        """The envelope of a batch: the device holds no other row between ``after`` and it."""
        now = outbox.stamp()
        return Envelope(
            site=self.site,
            device=self.device,
            epoch=outbox.epoch,
            floor=outbox.released + 1,
            after=after,
            boot=now.boot,
            monotonic_ms=now.monotonic_ms,
            wall_ms=now.wall_ms,
            clock_synced=now.synced,
            hashes=dict(self.hashes),
        )

    def status(self, state: Literal["online", "offline", "stopped"]) -> Message:
        """The retained status."""
        status = Status(
            site=self.site,
            device=self.device,
            state=state,
            session=self.session,
            version=__version__,
            wall_ms=int(time.time() * 1000),
        )
        return Message(self.topic("status"), encode_message(status), True)


def device_name() -> str:
    """This machine's name in the alphabet of topics."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:64] or "device"
