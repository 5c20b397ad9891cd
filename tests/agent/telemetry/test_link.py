"""The link over TLS against a real mosquitto; and against peers that are none, or say nothing."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.errors import BrokerError, ConfigError, UsageError
from agent.record import HealthRecord
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.link import _connection as connection
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker, local_broker


@contextmanager
def secured(authority: Any, *, clients: bool = False, **issued: Any) -> Iterator[LocalBroker]:
    """A mosquitto whose only listener speaks TLS."""
    cert, key = authority.issue("broker", **issued)
    lines = [f"certfile {cert}", f"keyfile {key}", f"cafile {authority.ca}"]
    lines += ["require_certificate true"] if clients else []
    with local_broker(kind="mosquitto", settings="\n".join(lines)) as broker:
        yield broker


def mqtts(broker: LocalBroker, **files: Path | None) -> Address:
    return Address.parse(broker.url.replace("mqtt:", "mqtts:"), **files)


@contextmanager
def silent_peer() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in taken:
            connection.close()


def test_over_tls_with_a_client_certificate_records_arrive(
    mosquitto: LocalBroker, authority: Any, tmp_path: Path
) -> None:
    cert, key = authority.issue("device")
    with secured(authority, clients=True) as broker:
        address = mqtts(broker, ca_file=authority.ca, cert_file=cert, key_file=key)
        with (
            Outbox(tmp_path / "outbox") as outbox,
            Mqtt(outbox, address, "lab", "pi", "s1", ack="broker") as publisher,
        ):
            assert publisher.check(10), publisher.last_error
            outbox.put(HealthRecord(session="s1", readings={"fps": 1.0}))
            assert publisher.drain(10)


def test_an_unknown_ca_is_said(mosquitto: LocalBroker, authority: Any) -> None:
    with secured(authority) as broker, pytest.raises(BrokerError) as caught:
        Link(mqtts(broker), "c")
    assert caught.value.message.endswith("is signed by no CA that is trusted here.")
    assert "--ca-file" in caught.value.remedy


def test_an_expired_certificate_is_said(mosquitto: LocalBroker, authority: Any) -> None:
    with secured(authority, days=-1) as broker, pytest.raises(BrokerError) as caught:
        Link(mqtts(broker, ca_file=authority.ca), "c")
    assert caught.value.message.endswith("has expired.")
    assert "clock" in caught.value.remedy


def test_a_certificate_for_another_name_is_said(mosquitto: LocalBroker, authority: Any) -> None:
    with secured(authority, host="10.9.8.7") as broker, pytest.raises(BrokerError) as caught:
        Link(mqtts(broker, ca_file=authority.ca), "c")
    assert caught.value.message.endswith("is not for the name 127.0.0.1.")


def test_a_missing_client_certificate_is_said(mosquitto: LocalBroker, authority: Any) -> None:
    with secured(authority, clients=True) as broker, pytest.raises(BrokerError) as caught:
        Link(mqtts(broker, ca_file=authority.ca), "c")
    # A server of TLS 1.3 refuses after the handshake, and its word may be lost on the way.
    assert caught.value.message.split(" ", 3)[3] in (
        "refuses this client in the TLS handshake: certificate required.",
        "ends the connection after the TLS handshake.",
    )
    assert "--cert-file" in caught.value.remedy


def test_tls_to_a_plain_port_is_said(mosquitto: LocalBroker, authority: Any) -> None:
    with pytest.raises(BrokerError, match="TLS") as caught:
        Link(mqtts(mosquitto, ca_file=authority.ca), "c")
    assert "mqtt://" in caught.value.remedy


def test_a_plain_connection_to_a_tls_port_is_said(mosquitto: LocalBroker, authority: Any) -> None:
    with secured(authority) as broker, pytest.raises(BrokerError) as caught:
        Link(Address.parse(broker.url), "c")
    assert "ends the connection without an answer" in caught.value.message
    assert "mqtts://" in caught.value.remedy


@pytest.mark.parametrize(
    ("scheme", "said"),
    [("mqtt", "does not answer within"), ("mqtts", "does not answer the TLS handshake in time")],
)
def test_a_peer_that_accepts_and_says_nothing_is_given_up_in_time(
    scheme: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 0.5)
    with silent_peer() as port:
        began = time.monotonic()
        with pytest.raises(BrokerError, match=said):
            Link(Address.parse(f"{scheme}://127.0.0.1:{port}"), "c")
        # Half a second, not the sum of several waits, and not for ever.
        assert time.monotonic() - began < 5


def test_a_message_too_large_for_anyone_does_not_reach_a_persistent_link() -> None:
    with local_broker(kind="mosquitto") as broker:
        address = Address.parse(broker.url)
        with Link(address, "reader", persistent=True) as reader, Link(address, "sender") as sender:
            reader.subscribe(["t"])
            for payload in (bytes(connection.MOST_BYTES), b"small"):
                sender.publish(Message("t", payload))
            assert sender.settled(10)
            end = time.monotonic() + 10
            while not reader.messages and time.monotonic() < end:
                reader.step(0.1)
            assert [message.payload for message in reader.messages] == [b"small"]


def test_a_name_that_is_not_found_is_said() -> None:
    with pytest.raises(BrokerError, match=r"mqtt://nowhere\.invalid:1883 cannot be reached"):
        Link(Address.parse("mqtt://nowhere.invalid"), "c")


def test_user_and_password_are_taken_from_files(mosquitto: LocalBroker, tmp_path: Path) -> None:
    users, password = tmp_path / "users", tmp_path / "password"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "pi", "hush"], check=True)
    users.chmod(0o644)
    password.write_text("hush\n")
    settings = f"allow_anonymous false\npassword_file {users}"
    with local_broker(kind="mosquitto", settings=settings) as broker:
        url = broker.url.replace("://", "://pi@")
        with Link(Address.parse(url, password_file=password), "c") as link:
            link.publish(Message("t", b"x"))
            assert link.settled(5)
        password.write_text("wrong")
        with pytest.raises(BrokerError, match="Not authorized"):
            Link(Address.parse(url, password_file=password), "c")


def test_credentials_of_systemd_stand_in_for_options(
    authority: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = authority.issue("device")
    for name, content in (
        ("user", b"pi\n"),
        ("password", b"hush\n"),
        ("ca", authority.ca.read_bytes()),
        ("cert", cert.read_bytes()),
        ("key", key.read_bytes()),
    ):
        (tmp_path / f"broker-{name}").write_bytes(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    address = Address.parse("mqtts://broker")
    assert (address.username, address.password) == ("pi", "hush")
    assert (address.ca_file, address.cert_file, address.key_file) == (
        tmp_path / "broker-ca",
        tmp_path / "broker-cert",
        tmp_path / "broker-key",
    )
    assert "hush" not in f"{address} {address!r}"
    given = Address.parse("mqtts://me@broker", ca_file=cert)
    assert (given.username, given.ca_file) == ("me", cert)
    assert Address.parse("mqtt://broker").ca_file is None


@pytest.mark.parametrize(
    ("url", "files", "said"),
    [
        ("mqtt://h", ("ca_file",), "--ca-file is for TLS"),
        ("mqtts://h", ("key_file",), "without --cert-file"),
        ("mqtts://me:hush@h", (), "can be read by every user"),
    ],
)
def test_options_that_cannot_have_an_effect_are_refused(
    url: str, files: tuple[str, ...], said: str, authority: Any
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        Address.parse(url, **dict.fromkeys(files, authority.ca))
    assert "hush" not in str(caught.value)


def test_files_that_cannot_be_used_are_named_before_anything_runs(
    authority: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="gone"):
        Address.parse("mqtts://h", ca_file=tmp_path / "gone")
    with pytest.raises(ConfigError, match="no user"):
        Address.parse("mqtts://h", password_file=authority.ca)
    with pytest.raises(ConfigError, match="cannot be read"):
        Address.parse("mqtts://me@h", password_file=tmp_path)
    locked, key = authority.issue("locked", password="secret")
    other, _ = authority.issue("other")
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with Outbox(tmp_path / "outbox") as outbox:
        for files, said in (
            ({"ca_file": empty}, "CA file .*empty.pem cannot be used"),
            ({"cert_file": locked, "key_file": key}, "locked.pem with its key cannot be used"),
            ({"cert_file": other, "key_file": key}, "other.pem with its key cannot be used"),
        ):
            with pytest.raises(ConfigError, match=said):
                Mqtt(outbox, Address.parse("mqtts://h", **files), "lab", "pi", "s1")
