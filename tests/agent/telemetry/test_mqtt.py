"""The publisher against a real broker, and against none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.record import (
    GapRecord,
    HealthRecord,
    Reply,
    Status,
    Topic,
    decode_batch,
    decode_reply,
    decode_status,
)
from agent.telemetry.link import Address, Link, LinkLostError
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker, local_broker

ROOT = Path(__file__).resolve().parents[3]


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


def spoil(outbox: Outbox, seq: int, body: bytes) -> None:
    """What a failing disk does to a row."""
    outbox._table._db.execute("UPDATE rows SET body = ? WHERE seq = ?", (body, seq))


def test_rows_whose_stored_body_is_no_json_are_quarantined_and_the_others_go_on(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        Outbox(tmp_path) as outbox,
        Link(Address.parse(mosquitto.url), "watcher") as watcher,
    ):
        watcher.subscribe([str(Topic("lab", "pi", "records"))])
        for _ in range(9):
            outbox.put(health())
        assert outbox.flush()
        for seq, body in ((2, b'{"session": "s1", "rea'), (5, b"\xff\x00"), (7, b"[1]")):
            spoil(outbox, seq, body)
        spoil(outbox, 8, b'{"session": "s1", "readings": {"r0": NaN}}')
        with Mqtt(outbox, Address.parse(mosquitto.url), "lab", "pi", "s1", ack="broker") as sender:
            assert sender.drain(15), sender.last_error
            assert sender.statistics.quarantined == outbox.quarantined == 4
        rows = []
        while len(rows) < 6:
            watcher.step(0.1)
            while watcher.messages:
                rows += decode_batch(watcher.messages.popleft().payload).rows
        assert [(row.seq, row.kind) for row in rows[:5]] == [
            (seq, "health") for seq in (1, 3, 4, 6, 9)
        ]
        gap = rows[5].record
        assert isinstance(gap, GapRecord)
        assert (gap.first, gap.last, gap.rows) == (2, 8, 4)
        assert gap.why == "quarantined: the stored body is no JSON"


def test_a_broker_that_takes_only_tiny_packets_costs_no_row(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        local_broker(kind="mosquitto", settings="max_packet_size 1000") as broker,
        Outbox(tmp_path) as outbox,
        Mqtt(outbox, Address.parse(broker.url), "lab", "pi", "s1", ack="broker") as publisher,
    ):
        outbox.put(health())
        assert not publisher.check(10)
        assert "takes packets of 1000 bytes at most" in publisher.last_error
        assert (outbox.depth, outbox.quarantined) == (1, 0)


def test_batches_are_cut_to_the_brokers_packet_size(mosquitto: LocalBroker, tmp_path: Path) -> None:
    with (
        local_broker(kind="mosquitto", settings="max_packet_size 5000") as broker,
        Outbox(tmp_path) as outbox,
        Mqtt(outbox, Address.parse(broker.url), "lab", "pi", "s1", ack="broker") as publisher,
    ):
        for i in range(40):
            readings = {f"r{n}": 1 / (i * 64 + n + 3) for n in range(64)}
            outbox.put(HealthRecord(session="s1", readings=readings))
        assert publisher.drain(15), publisher.last_error
        counts = publisher.statistics
        assert (counts.rows, counts.connects, counts.refused) == (40, 1, 0)
        assert 5 < counts.batches < 20


FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
JUMPER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from agent.record import HealthRecord
from agent.telemetry.link import Address
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
with Outbox(Path({folder!r})) as outbox:
    with Mqtt(outbox, Address.parse({url!r}), "lab", "pi", "s1", ack="broker") as publisher:
        for line in sys.stdin:
            for _ in range(5):
                outbox.put(HealthRecord(session="s1", readings={{}}))
            print(publisher.drain(15), int(time.time()), flush=True)
        print(publisher.statistics.connects, publisher.statistics.resent, flush=True)
"""


def test_when_the_wall_clock_jumps_by_years_order_and_timeouts_stay(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    if not FAKETIME.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("libfaketime is not installed: apt install libfaketime")
        pytest.skip("libfaketime is not installed on this machine")
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    code = JUMPER.format(root=str(ROOT), folder=str(tmp_path / "outbox"), url=mosquitto.url)
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with Link(Address.parse(mosquitto.url), "watcher") as watcher:
        watcher.subscribe([str(Topic("lab", "pi", "records"))])
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **faked},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        seconds = []
        for jump in ("+0d", "+4000d", "-5000d", "+0d"):
            clock.write_text(jump)
            child.stdin.write("go\n")
            child.stdin.flush()
            drained, wall_s = child.stdout.readline().split()
            assert drained == "True"
            seconds.append(int(wall_s))
        rest, _ = child.communicate("", timeout=20)
        rows = []
        assert until(lambda: watcher.step(0.1) or len(watcher.messages) >= 4)
        while watcher.messages:
            rows += decode_batch(watcher.messages.popleft().payload).rows
    assert rest.split() == ["1", "0"], "one connection, and nothing sent twice"
    assert [row.seq for row in rows] == list(range(1, 21))
    monotonic = [row.stamp.monotonic_ms for row in rows]
    assert monotonic == sorted(monotonic)
    days = [round((later - earlier) / 86_400) for earlier, later in pairwise(seconds)]
    assert days == [4000, -9000, 5000]
    walls = [row.stamp.wall_ms for row in rows[::5]]
    assert [round((b - a) / 86_400_000) for a, b in pairwise(walls)] == days


@pytest.mark.parametrize(
    ("state", "rival"), [("online", True), ("offline", True), ("stopped", False)]
)
def test_a_namesake_that_stopped_in_good_order_is_no_rival(
    tmp_path: Path, state: str, rival: bool
) -> None:
    with Outbox(tmp_path) as outbox:
        mqtt = Mqtt(outbox, Address("127.0.0.1"), "lab", "pi", "mine")
        mqtt.statistics.connects = 2
        said = Status(site="lab", device="pi", state=state, session="other")  # type: ignore[arg-type]
        with pytest.raises(LinkLostError) if rival else nullcontext():
            mqtt._namesake(said, retained=True)


def replying(outbox: Outbox, url: str, session: str, replies: deque[Reply]) -> Mqtt:
    return Mqtt(outbox, Address.parse(url), "s", "d", session, replies=replies)


def test_a_reply_that_one_session_could_not_send_is_sent_by_the_next(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    replies: deque[Reply] = deque()
    reply = Reply(
        site="s", device="d", session="a", id="c1", name="suite", outcome="done", said="So be it."
    )
    with Link(Address.parse(mosquitto.url), "desk") as desk, Outbox(tmp_path) as outbox:
        desk.subscribe(["fieldproof/v1/s/d/reply"])
        with replying(outbox, "mqtt://127.0.0.1:1", "a", replies) as publisher:
            publisher.say(reply)
        with replying(outbox, mosquitto.url, "b", replies) as publisher:
            assert publisher.check(10)
            while not desk.messages:
                desk.step(0.1)
    assert [decode_reply(message.payload) for message in desk.messages] == [reply]
    assert not replies


def test_a_reply_that_the_broker_has_not_acknowledged_is_said_again_once(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    replies: deque[Reply] = deque()
    with Outbox(tmp_path) as outbox:
        publisher = replying(outbox, mosquitto.url, "a", replies)
        publisher.say(Reply(site="s", device="d", session="a", id="c", name="p", outcome="done"))
        for left in (1, 0):
            with Link(publisher.address, "lost") as link:
                publisher._reply(link)
                assert not replies
            publisher._take_back()
            assert len(replies) == left
