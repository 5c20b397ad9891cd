"""A broker of one's own on loopback, for the demo and the tests: mosquitto, else amqtt.

mosquitto is what users run, so it is taken where it is installed; amqtt (in Python, MQTT 3.1.1
only, nothing kept over a restart) makes the demo work without it.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import BrokerError, MissingExtra
from tools.broker._amqtt import EmbeddedAmqtt
from tools.broker._mosquitto import Mosquitto
from tools.broker._process import LocalBroker

__all__ = ["LocalBroker", "find_mosquitto", "local_broker"]

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_ATTEMPTS = 5


def find_mosquitto() -> Path | None:
    """The broker's program, on the path or where systems put it; None where there is none."""
    found = shutil.which("mosquitto")
    candidates = [Path(found)] if found else []
    candidates += [Path(folder) / "mosquitto" for folder in _SYSTEM_FOLDERS]
    return next((path for path in candidates if path.is_file()), None)


@contextmanager
def local_broker(
    port: int = 0, persistence: Path | None = None, *, kind: str = "", settings: str = ""
) -> Iterator[LocalBroker]:
    """A running broker on 127.0.0.1, stopped at the end of the block.

    ``port`` 0 takes a free one; ``persistence`` is a folder where mosquitto keeps sessions and
    messages over a restart; ``kind`` forces ``mosquitto`` or ``amqtt``; ``settings`` are further
    lines of mosquitto's configuration. Raises ``MissingExtra`` where there is no broker,
    ``BrokerError`` where it does not start.
    """
    program = find_mosquitto() if kind in ("", "mosquitto") else None
    if program is None and (kind == "mosquitto" or importlib.util.find_spec("amqtt") is None):
        raise MissingExtra("amqtt", "demo", "A broker on this machine (there is no mosquitto)")
    with tempfile.TemporaryDirectory(prefix="fieldproof-broker-") as folder:
        for attempt in range(_ATTEMPTS):
            chosen = port or _free_port()
            broker: LocalBroker
            if program is not None:
                broker = Mosquitto(chosen, program, Path(folder), persistence, settings)
            else:
                broker = EmbeddedAmqtt(chosen)
            try:
                broker.start()
                break
            except BrokerError:
                # Between the look for a free port and its use another process may take it.
                if port or attempt == _ATTEMPTS - 1:
                    raise
        try:
            yield broker
        finally:
            broker.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
