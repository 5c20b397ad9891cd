"""The way to the collector, over a real broker; nothing is left behind."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan
from agent.doctor.broker import Broker
from agent.errors import BrokerError
from agent.telemetry._round_trip import Answer
from agent.telemetry.link import Address
from tools.broker import LocalBroker
from tools.collector import Collector
from tools.stores import open_store


def found(host: Host, broker: str, *, ack: str = "collector", **facts: object) -> list[Finding]:
    plan = Plan(broker=broker, site="lab", device="pi", ack=ack)
    return list(Broker().examine(plan, host, facts))


def verdicts(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.verdict, finding.name) for finding in findings]


@pytest.fixture
def store(mosquitto: LocalBroker, tmp_path: Path) -> Iterator[Path]:
    """The file of a collector that runs."""
    file = tmp_path / "store.db"
    with (
        open_store(str(file)) as opened,
        Collector(Address.parse(mosquitto.url), opened) as collector,
    ):
        assert collector.check(10), collector.last_error
        yield file


def rows(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for (t,) in tables}


def test_an_empty_batch_comes_back_receipted_and_leaves_no_row(
    mosquitto: LocalBroker, store: Path, host: Host
) -> None:
    findings = found(host, mosquitto.url)
    assert verdicts(findings) == [("ok", "connection"), ("ok", "login"), ("ok", "receipt")]
    kept = {table: n for table, n in rows(store).items() if n}
    assert kept.keys() <= {"kept"}, "beside what the store notes for itself"


def test_without_a_collector_no_receipt_comes(
    mosquitto: LocalBroker, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.doctor.broker.RECEIPT_S", 0.5)
    *_, last = found(host, mosquitto.url)
    assert (last.verdict, last.name, last.code) == ("failure", "receipt", 75)
    assert f"fieldproof collect --broker {mosquitto.url}" in last.mend
    *_, last = found(host, mosquitto.url, ack="broker")
    assert (last.verdict, last.name) == ("ok", "publish")


def test_no_broker_is_an_error_of_the_broker(host: Host) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BrokerError, match="Connection refused"):
        found(host, f"mqtt://127.0.0.1:{port}")


def test_a_name_that_does_not_exist_ends_the_check(host: Host) -> None:
    (finding,) = found(host, "mqtt://no-such-host.invalid")
    assert (finding.verdict, finding.name, finding.code) == ("failure", "broker name", 75)


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr("agent.doctor.broker.CONNECT_S", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(60))
    (finding,) = found(host, "mqtt://broker.lan")
    answers.set()
    assert (finding.verdict, "not found in time" in finding.text) == ("failure", True)


def test_a_running_agent_is_not_thrown_out(mosquitto: LocalBroker, host: Host) -> None:
    user = mosquitto.url.replace("//", "//lab%2Fpi@")
    findings = found(host, user, outbox={"process": 17})
    assert verdicts(findings)[-1] == ("not checked", "login")
    assert "process 17" in findings[-1].text


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (Answer(0x87, False, "", 0.1), "failure", "not pass"),
        (Answer(0x97, False, "", 0.1), "failure", "0x97"),
        (Answer(None, False, "", 3.0), "failure", "does not acknowledge"),
        (Answer(0, False, "Not a Batch", 0.1), "warning", "older than this agent"),
        (Answer(0, True, "", 0.1), "ok", "100 ms"),
    ],
)
def test_answers_are_judged(answer: Answer, verdict: str, said: str) -> None:
    (finding,) = Broker().judge(answer, "lab/pi", "mqtt://b", True)
    assert (finding.verdict, said in finding.text) == (verdict, True)
