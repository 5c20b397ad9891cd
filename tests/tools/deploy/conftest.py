"""The broker as it ships: its files made by the command's own code, mosquitto started on them."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.telemetry.link import Address, Link, Message
from tools.broker import LocalBroker, find_mosquitto
from tools.broker._mosquitto import Mosquitto
from tools.deploy.deployment import Client, Deployment


class Shipped(LocalBroker):
    """mosquitto on a deployment's own configuration, and nothing else."""

    def __init__(self, deployment: Deployment, port: int) -> None:
        super().__init__(port)
        self.file = deployment.broker / "mosquitto.conf"

    @property
    def name(self) -> str:
        return "mosquitto as shipped"

    def _command(self) -> list[str]:
        return [str(find_mosquitto()), "-c", str(self.file)]

    def _listens(self) -> bool:
        """At both ports: the one for passwords comes second."""
        with socket.socket() as probe:
            second = probe.connect_ex(("127.0.0.1", self.port + 1)) == 0
        return second and super()._listens()


@dataclass
class Site:
    """A deployment, its running broker, and those who may send commands or alerts."""

    deployment: Deployment
    broker: Shipped
    operator: Client
    alerts: Client

    def address(self, client: Client | None, *, plain: bool = False) -> Address:
        """How a client gets in with what it was given."""
        if plain:
            return Address.parse(f"mqtt://127.0.0.1:{self.broker.port}")
        files = {}
        if client is not None:
            key = next(client.folder.glob("*.key"))
            files = {"cert_file": key.with_suffix(".pem"), "key_file": key}
        url = f"mqtts://127.0.0.1:{self.broker.port}"
        return Address.parse(url, ca_file=self.deployment.broker / "ca.pem", **files)


def free_ports() -> int:
    """A port that is free, as is the next."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that the user mosquitto may walk through, as pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="fieldproof-deploy-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def site(place: Path) -> Iterator[Site]:
    """The shipped broker, where commands and receipts of lab/victim are retained already."""
    program = find_mosquitto()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed: apt install mosquitto")
        pytest.skip("mosquitto is not installed on this machine")
    port = free_ports()
    hosts = ["127.0.0.1", "localhost"]
    deployment = Deployment.create(place / "site", hosts, port=port, passwords=True)
    operator = deployment.operator()
    alerts = deployment.alerts()
    planted(port, program, deployment.broker / "data", place)
    if os.geteuid() == 0:  # what README.txt asks for; mosquitto gives root away
        for path in (deployment.broker, *deployment.broker.rglob("*")):
            shutil.chown(path, "mosquitto", "mosquitto")
    broker = Shipped(deployment, port)
    broker.start()
    yield Site(deployment, broker, operator, alerts)
    broker.stop()


def planted(port: int, program: Path, data: Path, place: Path) -> None:
    """Retained messages that no one may write under the shipped rules."""
    (place / "open").mkdir()
    broker = Mosquitto(port, program, place / "open", data, "")
    broker.start()
    with Link(Address.parse(broker.url), "planter") as link:
        for channel in ("ack", "cmd", "records", "status"):
            link.publish(Message(f"fieldproof/v1/lab/victim/{channel}", channel.encode(), True))
        assert link.settled(5)
    broker.stop()
