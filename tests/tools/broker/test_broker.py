"""Local brokers start on loopback, come back on the same port, and leave nothing behind."""

from __future__ import annotations

import os
import socket

import pytest

from agent.errors import BrokerError, MissingExtra
from agent.telemetry.link import Address, Link, Message
from tools import broker as broker_module
from tools.broker import LocalBroker, find_mosquitto, local_broker


@pytest.fixture(params=["mosquitto", "amqtt"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "mosquitto" and find_mosquitto() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed: apt-get install mosquitto")
        pytest.skip("mosquitto is not installed on this machine")
    return str(request.param)


def listens(broker: LocalBroker) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", broker.port)) == 0


def test_it_carries_a_message_and_ends_quietly(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with local_broker(kind=kind) as broker:
        assert broker.name.startswith(kind)
        assert any(character.isdigit() for character in broker.name)
        with Link(Address.parse(broker.url), "one") as link:
            link.subscribe(["fieldproof/v1/a/b/records"])
            link.publish(Message("fieldproof/v1/a/b/records", b"hello"))
            assert link.settled(5)
            for _ in range(20):
                link.step(0.1)
                if link.messages:
                    break
            assert [message.payload for message in link.messages] == [b"hello"]
        pid = broker.pid
        assert pid is not None
    assert not listens(broker)
    assert broker.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert capfd.readouterr() == ("", "")


def test_it_comes_back_on_the_same_port_after_a_kill(kind: str) -> None:
    with local_broker(kind=kind) as broker:
        port, pid = broker.port, broker.pid
        broker.kill()
        assert not listens(broker)
        broker.start()
        assert listens(broker)
        assert (broker.port, broker.pid) != (port, pid)
        assert broker.port == port


def test_a_port_that_is_taken_is_said(kind: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=str(port)), local_broker(port, kind=kind):
            pass


def test_without_any_broker_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "find_mosquitto", lambda: None)
    with pytest.raises(MissingExtra, match="demo"), local_broker(kind="mosquitto"):
        pass
