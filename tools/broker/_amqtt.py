"""amqtt in a child process."""

from __future__ import annotations

import sys
from importlib.metadata import version

from tools.broker._process import LocalBroker


class EmbeddedAmqtt(LocalBroker):
    """The broker of the package amqtt, run by ``python -m tools.broker.embedded``."""

    @property
    def name(self) -> str:
        return f"amqtt {version('amqtt')}"

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "tools.broker.embedded", str(self.port)]
