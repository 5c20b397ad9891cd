"""The publisher against a real broker, and against none."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.record import HealthRecord, Status, Topic, decode_status
from agent.telemetry.link import Address, Link
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker, local_broker


def until(condition: Callable[[], object], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def health(readings: int = 1) -> HealthRecord:
    return HealthRecord(session="s1", readings={f"r{i}": 1 / (i + 3) for i in range(readings)})


def statuses(broker: LocalBroker) -> list[Status]:
    """The retained status as a newcomer finds it."""
    with Link(Address.parse(broker.url), "watcher") as link:
        link.subscribe([str(Topic("lab", "pi", "status"))])
        link.step(0.2)
        return [decode_status(message.payload) for message in link.messages]


def test_without_a_broker_it_says_so_in_one_sentence_and_the_rows_stay(tmp_path: Path) -> None:
    with (
        Outbox(tmp_path) as outbox,
        Mqtt(outbox, Address("127.0.0.1", 1), "lab", "pi", "s1") as publisher,
    ):
        assert not publisher.check(10)
        assert "mqtt://127.0.0.1:1 cannot be reached: Connection refused" in publisher.last_error
        outbox.put(health())
        assert not publisher.drain(0.3)
        assert publisher.undelivered == 1
        assert not publisher.connected


def test_status_is_online_then_stopped_and_offline_after_a_crash(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    address = Address.parse(mosquitto.url)
    with Outbox(tmp_path) as outbox:
        with Mqtt(outbox, address, "lab", "pi", "s1") as publisher:
            assert publisher.check(10)
            assert [(s.state, s.session) for s in statuses(mosquitto)] == [("online", "s1")]
        assert [(s.state, s.session) for s in statuses(mosquitto)] == [("stopped", "s1")]
        with Mqtt(outbox, address, "lab", "pi", "s2") as publisher:
            assert publisher.check(10)
            assert publisher._link is not None
            publisher._ending.set()
            publisher._link._client.socket().close()  # type: ignore[union-attr]
            assert until(lambda: statuses(mosquitto)[0].state == "offline")
            assert statuses(mosquitto)[0].session == "s2"


def test_in_broker_mode_the_brokers_acknowledgement_frees_the_rows(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        Outbox(tmp_path) as outbox,
        Mqtt(
            outbox, Address.parse(mosquitto.url), "lab", "pi", "s1", ack="broker", batch_rows=7
        ) as publisher,
    ):
        for _ in range(500):
            outbox.put(health())
        assert publisher.drain(15)
        assert publisher.statistics.rows == 500


def test_a_row_that_is_too_large_is_quarantined_and_the_others_go_on(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        local_broker(kind="mosquitto", settings="message_size_limit 600") as broker,
        Outbox(tmp_path) as outbox,
        Mqtt(
            outbox, Address.parse(broker.url), "lab", "pi", "s1", ack="broker", batch_rows=8
        ) as publisher,
    ):
        assert publisher.check(10)
        for i in range(20):
            outbox.put(health(64 if i == 10 else 1))
        assert publisher.drain(60), (publisher.last_error, publisher.statistics)
        assert outbox.quarantined == 1
        # The twenty, and the declaration of the one that was set aside.
        assert outbox.released == 21
        assert publisher.connected


def test_records_that_access_rules_refuse_wait_in_the_outbox(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic read #\ntopic write fieldproof/v1/lab/pi/status\n")
    with (
        local_broker(kind="mosquitto", settings=f"acl_file {rules}") as broker,
        Outbox(tmp_path / "outbox") as outbox,
        Mqtt(outbox, Address.parse(broker.url), "lab", "pi", "s1", ack="broker") as publisher,
    ):
        outbox.put(health())
        assert until(lambda: "refuses records" in publisher.last_error)
        assert publisher.undelivered == 1
        assert outbox.quarantined == 0
        assert publisher.connected


def test_a_second_device_of_the_same_name_is_recognised(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    address = Address.parse(mosquitto.url)
    with (
        Outbox(tmp_path / "a") as first,
        Outbox(tmp_path / "b") as second,
        Mqtt(first, address, "lab", "pi", "s1") as one,
    ):
        assert one.check(10)
        errors: list[str] = []
        with Mqtt(second, address, "lab", "pi", "s2"):
            assert until(lambda: errors.append(one.last_error) or "uses the name" in errors[-1])


def test_a_refused_user_is_said_and_tried_again(mosquitto: LocalBroker, tmp_path: Path) -> None:
    with (
        local_broker(kind="mosquitto", settings="allow_anonymous false") as broker,
        Outbox(tmp_path) as outbox,
        Mqtt(outbox, Address.parse(broker.url), "lab", "pi", "s1") as publisher,
    ):
        assert not publisher.check(10)
        assert "refuses the connection: Not authorized" in publisher.last_error


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user"),
    [
        ("mqtt://broker", "broker", 1883, False, ""),
        ("mqtts://broker", "broker", 8883, True, ""),
        ("mqtt://m%40e@10.0.0.1:1884/", "10.0.0.1", 1884, False, "m@e"),
        ("mqtt://[::1]:1885", "::1", 1885, False, ""),
    ],
)
def test_addresses_are_read(url: str, host: str, port: int, tls: bool, user: str) -> None:
    address = Address.parse(url)
    assert (address.host, address.port, address.tls, address.username) == (host, port, tls, user)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "http://broker",
        "mqtt://",
        "mqtt://u:secret@h:x",
        "mqtt://h/topic",
        "mqtts://me:secret@h",
    ],
)
def test_what_is_no_address_is_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Address.parse(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "lab/1", "+", "x" * 65, "Bär", "pi\n"])
@pytest.mark.parametrize("what", ["site", "device"])
def test_a_bad_name_is_a_usage_error_that_says_what_is_allowed(
    what: str, name: str, tmp_path: Path
) -> None:
    names = {"site": "lab", "device": "pi", what: name}
    with Outbox(tmp_path) as outbox, pytest.raises(UsageError, match=what) as caught:
        Mqtt(outbox, Address("127.0.0.1", 1), names["site"], names["device"], "s1")
    assert caught.value.exit_code == 2
    assert f"--{what} 1 to 64" in caught.value.remedy


def test_an_unforeseen_failure_is_said_and_the_publisher_goes_on(
    mosquitto: LocalBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        Outbox(tmp_path) as outbox,
        Mqtt(outbox, Address.parse(mosquitto.url), "lab", "pi", "s1", ack="broker") as publisher,
    ):
        assert publisher.check(10)
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "pending", lambda *_: 1 // 0)
            outbox.put(health())
            assert until(lambda: "ZeroDivisionError" in publisher.last_error)
        assert publisher.drain(15)
        assert publisher.connected
        assert publisher.last_error == ""
    assert any(record.exc_info for record in caplog.records)


def test_without_a_collector_rows_wait_and_it_is_said(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    address = Address.parse(mosquitto.url)
    with (
        Outbox(tmp_path, commit_s=0.05) as outbox,
        Mqtt(outbox, address, "lab", "pi", "s1", batch_rows=4, receipt_s=0.05) as publisher,
    ):
        for _ in range(3):
            outbox.put(health())
        # More than MAX_STRIKES times overdue, most of them in batches of one row.
        assert until(lambda: publisher.statistics.resent >= 18)
        assert "No receipt from a collector for 3 rows" in publisher.last_error
        assert publisher._window.size == 1  # though the broker acknowledged each
        assert (outbox.depth, outbox.quarantined) == (3, 0)
