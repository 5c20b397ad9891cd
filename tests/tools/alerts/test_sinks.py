"""Sinks against real servers: HTTP, SMTP, MQTT."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from agent.errors import ConfigError
from agent.telemetry.link import Address, Link
from tools.alerts.delivery import within
from tools.alerts.rules import parse_rules
from tools.alerts.sinks import DeliveryError, Notice, RefusedError, Sink, family, make, settings_of
from tools.broker import LocalBroker
from tools.deploy.authority import Authority


def sink(**table: Any) -> Sink:
    return make(settings_of(table))


class Hook:
    """A web server that keeps what it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes, str]] = []
        self.answers: list[int] = []
        hook = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.requests.append((dict(self.headers), body, self.path))
                status = hook.answers.pop(0) if hook.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?team=a"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def notice(alert: dict[str, Any]) -> Notice:
    return Notice("fieldproof-1-7-opened", "opened", alert, "because")


def test_a_webhook_gets_a_signed_body_that_its_receiver_can_check(
    hook: Hook, notice: Notice, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("squeamish\n")
    sink(kind="webhook", url=hook.url, secret_file=str(tmp_path / "secret")).deliver(notice)
    ((headers, body, path),) = hook.requests
    stamp = headers["Fieldproof-Timestamp"]
    expected = hmac.new(b"squeamish", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Fieldproof-Signature"] == f"v1={expected}"
    assert abs(int(stamp) - time.time()) < 60
    assert headers["Idempotency-Key"] == "fieldproof-1-7-opened"
    assert path == "/hook?team=a"
    told = json.loads(body)
    assert (told["schema"], told["event"], told["why"]) == (
        "fieldproof.alert/1",
        "opened",
        "because",
    )
    assert told["summary"].startswith("lab/pi-1")


def test_a_webhook_tells_what_may_work_later_from_what_never_will(
    hook: Hook, notice: Notice
) -> None:
    post = sink(kind="webhook", url=hook.url)
    hook.answers = [500, 429, 401, 400]
    for kind in (DeliveryError, DeliveryError, DeliveryError, RefusedError):
        with pytest.raises(kind):
            post.deliver(notice)
    post.deliver(notice)


def test_a_webhook_follows_no_redirection(hook: Hook, notice: Notice) -> None:
    hook.answers = [302]
    with pytest.raises(DeliveryError, match="302"):
        sink(kind="webhook", url=hook.url).deliver(notice)
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["ftp://a/b", "file:///etc/passwd", "https://", "http://u:p@a/", "http://a b/", "http://a:0/"],
)
def test_a_webhook_takes_web_addresses_without_users_only(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        sink(kind="webhook", url=url)


def test_a_secret_that_is_not_there_is_said_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    for where in ({"secret_file": str(tmp_path / "none")}, {"secret_env": "HOOK_SECRET"}):
        with pytest.raises(ConfigError):
            sink(kind="webhook", url="http://127.0.0.1:1/", **where)


def test_a_server_that_never_finishes_its_answer_is_given_up(notice: Notice) -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 2")
                ended.wait(30)

        threading.Thread(target=drip, daemon=True).start()
        post = sink(kind="webhook", url=f"http://127.0.0.1:{server.getsockname()[1]}/")
        with pytest.raises(DeliveryError, match="longer than"):
            within(0.2, post.deliver, notice)
        ended.set()


def test_a_fault_of_a_sink_is_no_end_of_the_evaluation(notice: Notice) -> None:
    def broken(_: Notice) -> None:
        raise RuntimeError("no")

    with pytest.raises(DeliveryError, match="no"):
        within(5, broken, notice)


def test_mqtt_subscribers_of_a_device_hear_of_its_alerts(
    mosquitto: LocalBroker, notice: Notice
) -> None:
    with Link(Address.parse(mosquitto.url), "listener") as link:
        link.subscribe(["fieldproof/v1/lab/pi-1/alert", "fieldproof/v1/-/-/alert"])
        tell = sink(kind="mqtt", broker=mosquitto.url)
        tell.deliver(notice)
        tell.deliver(notice._replace(alert={**notice.alert, "details": {}}))
        end = time.monotonic() + 10
        while len(link.messages) < 2 and time.monotonic() < end:
            link.step(0.1)
        first, second = link.messages
    assert (first.topic, first.retain) == ("fieldproof/v1/lab/pi-1/alert", False)
    assert second.topic == "fieldproof/v1/-/-/alert"
    assert json.loads(first.payload)["key"] == notice.key


def test_a_broker_that_is_away_is_tried_again_later(mosquitto: LocalBroker, notice: Notice) -> None:
    tell = sink(kind="mqtt", broker=mosquitto.url)
    mosquitto.kill()
    with pytest.raises(DeliveryError):
        tell.deliver(notice)


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((envelope, session.ssl is not None, session.authenticated))
        return "250 OK"


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS, and the file of the authority that speaks for it."""
    (tmp_path / "ca").mkdir()
    authority = Authority.create(tmp_path / "ca", "test")
    issued = authority.issue("mail", 10, ["127.0.0.1"])
    (tmp_path / "server.pem").write_bytes(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    return context, tmp_path / "ca" / "ca.pem"


def authenticated(server: Any, session: Any, envelope: Any, kind: str, data: Any) -> AuthResult:
    fine = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ops", b"pass")
    return AuthResult(success=fine, handled=False)


@pytest.fixture
def mail(
    certified: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> Iterator[tuple[Mailbox, dict[str, Any]]]:
    """A real SMTP server that wants STARTTLS and a password; and a sink's table for it."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        tls_context=certified[0],
        require_starttls=True,
        auth_required=True,
        authenticator=authenticated,
    )
    server.start()
    (tmp_path / "password").write_text("pass\n")
    yield (
        box,
        {
            "kind": "email",
            "host": "127.0.0.1",
            "port": port,
            "user": "ops",
            "password_file": str(tmp_path / "password"),
            "ca_file": str(certified[1]),
            "sender": "fieldproof@example.org",
            "to": ["duty@example.org", "boss@example.org"],
        },
    )
    server.stop()


def test_mail_goes_over_tls_with_a_password_to_all_that_are_named(
    mail: tuple[Mailbox, dict[str, Any]], notice: Notice
) -> None:
    box, table = mail
    sink(**table).deliver(notice)
    ((envelope, tls, signed_in),) = box.mails
    assert tls
    assert signed_in
    assert envelope.rcpt_tos == ["duty@example.org", "boss@example.org"]
    text = envelope.content.decode()
    head = text.partition("\r\n\r\n")[0]
    assert "Message-ID: <fieldproof-1-7-opened@example.org>" in head
    assert "Bcc" not in [line.partition(":")[0] for line in head.splitlines()], "no header slips in"
    assert '"schema": "fieldproof.alert/1"' in text


def test_mail_that_is_refused_for_good_is_told_from_what_can_be_mended(
    mail: tuple[Mailbox, dict[str, Any]], notice: Notice, tmp_path: Path
) -> None:
    box, table = mail
    with pytest.raises(RefusedError, match="550"):
        sink(**{**table, "to": ["nobody@example.org"]}).deliver(notice)
    (tmp_path / "wrong").write_text("wrong")
    with pytest.raises(DeliveryError, match="535"):
        sink(**{**table, "password_file": str(tmp_path / "wrong")}).deliver(notice)
    with pytest.raises(DeliveryError, match=r"certificate|CERTIFICATE"):
        sink(**{key: value for key, value in table.items() if key != "ca_file"}).deliver(notice)
    assert box.mails == []


def test_a_password_is_never_sent_in_the_clear() -> None:
    table = {"kind": "email", "host": "a", "sender": "a@b.c", "to": ["a@b.c"], "security": "none"}
    with pytest.raises(ValueError, match="needs security"):
        settings_of({**table, "user": "u", "password_file": "p"})


def test_the_log_gets_one_line_at_the_alerts_level(
    notice: Notice, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        sink(kind="log").deliver(notice)
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert record.getMessage().isprintable()


def test_every_kind_of_sink_refuses_keys_that_it_does_not_know() -> None:
    for kind in family.kinds():
        text = f'schema = "fieldproof.alerts/1"\n[sinks.a]\nkind = "{kind}"\nurk = 1\n'
        with pytest.raises(ConfigError, match=r"sink 'a'.*urk: no such key"):
            parse_rules(text, "rules.toml")
