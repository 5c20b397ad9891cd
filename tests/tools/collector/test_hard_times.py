"""Stores that are away, ends in mid-work, and two collectors at once: still each row once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paho.mqtt.publish as publish
import pytest

from agent.record import (
    Envelope,
    Receipt,
    Stamp,
    Topic,
    TrialRecord,
    decode_answer,
    encode_batch,
    pack,
)
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker
from tools.collector import Collector
from tools.stores import Store, Stream, open_store

ROOT = Path(__file__).resolve().parents[3]
PI = Stream("lab", "pi", "e1")
ACK, RECORDS = (str(Topic("lab", "pi", channel)) for channel in ("ack", "records"))


def trial(frame: int) -> TrialRecord:
    return TrialRecord(
        session="s1",
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=0.5,
        clean_seen=True,
        perturbed_seen=True,
        flip=False,
    )


def batch(seq: int) -> Message:
    """One row as a batch of its own."""
    head = Envelope(**PI._asdict(), after=seq - 1, boot="b", monotonic_ms=1, wall_ms=2)
    return Message(RECORDS, encode_batch(head, [pack(seq, Stamp("b", 1, 2, False), trial(seq))]))


def until(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def frames(file: Path) -> list[int]:
    with closing(sqlite3.connect(file)) as db:
        return [row[0] for row in db.execute("SELECT frame FROM trials ORDER BY frame")]


class Device:
    """Sends batches and keeps the receipts that come back."""

    def __init__(self, link: Link) -> None:
        self.link, self.receipts = link, list[int]()

    def send(self, *seqs: int) -> None:
        for seq in seqs:
            self.link.publish(batch(seq))
        assert self.link.settled(10)

    def hears(self, seq: int, seconds: float = 15.0) -> bool:
        return until(lambda: self._listen(0.05) >= seq, seconds)

    def _listen(self, timeout: float) -> int:
        self.link.step(timeout)
        while self.link.messages:
            answer = decode_answer(self.link.messages.popleft().payload)
            assert isinstance(answer, Receipt)
            self.receipts.append(answer.seq)
        return max(self.receipts, default=0)


@contextmanager
def device(broker: LocalBroker) -> Iterator[Device]:
    with Link(Address.parse(broker.url), "a-device") as link:
        link.subscribe([ACK])
        yield Device(link)


def impatient(store: Store) -> None:
    store._db._db.execute("PRAGMA busy_timeout = 50")  # type: ignore[attr-defined]


def test_while_the_store_is_locked_nothing_is_confirmed_and_then_all_is(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    with (
        open_store(str(file)) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        device(mosquitto) as pi,
    ):
        impatient(store)
        assert collector.check(10)
        with closing(sqlite3.connect(file, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            pi.send(*range(1, 151))
            assert until(lambda: "locked" in collector.last_error)
            assert not pi.hears(1, 0.5)
            assert collector.connected
            lock.execute("ROLLBACK")
        assert pi.hears(150)
        assert collector.last_error == ""
        assert collector.statistics.connects == 1
    assert frames(file) == [*range(1, 151)]


def test_while_the_disk_is_full_nothing_is_confirmed_and_then_all_is(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    with (
        open_store(str(file)) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        Outbox(tmp_path / "outbox") as outbox,
        Mqtt(outbox, Address.parse(mosquitto.url), "lab", "pi", "s1", receipt_s=1.0),
    ):
        assert collector.check(10)
        # SQLite meets this limit as it meets the end of the disk: SQLITE_FULL.
        store._db._db.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]
        for i in range(2000):
            outbox.put(trial(i))
        assert until(lambda: "full" in collector.last_error)
        confirmed = outbox.released
        assert confirmed == store.highest_contiguous(PI._replace(epoch=outbox.epoch))
        assert confirmed < 2000
        store._db._db.execute("PRAGMA max_page_count = 1000000")  # type: ignore[attr-defined]
        assert until(lambda: outbox.depth == 0, 30)
    assert frames(file) == [*range(2000)]


def test_what_a_flood_sends_waits_at_the_broker_while_the_store_is_away(
    mosquitto: LocalBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At QoS 0 no acknowledgement holds a sender back: the collector stops reading instead."""
    links: list[Link] = []

    class Watched(Link):
        def __enter__(self) -> Link:
            links.append(self)
            return self

    monkeypatch.setattr("tools.collector._collector.Link", Watched)
    monkeypatch.setattr("tools.collector._collector.RETRY_S", 0.01)
    monkeypatch.setattr("tools.collector._collector.PREFETCH", 10)
    file = tmp_path / "s.db"
    with (
        open_store(str(file)) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        closing(sqlite3.connect(file, isolation_level=None)) as lock,
    ):
        impatient(store)
        assert collector.check(10)
        lock.execute("BEGIN IMMEDIATE")
        publish.multiple([(RECORDS, b"flood", 0)] * 1000, port=mosquitto.port)
        assert until(lambda: len(links[0].messages) >= 10)
        for _ in range(20):
            assert len(links[0].messages) <= 20
            time.sleep(0.02)
        lock.execute("ROLLBACK")
        assert until(lambda: collector.statistics.messages == 1000)
        assert collector.statistics.connects == 1


def test_the_broker_sends_ahead_no_more_than_the_prefetch(mosquitto: LocalBroker) -> None:
    with (
        device(mosquitto) as pi,
        Link(
            Address.parse(mosquitto.url), "c", persistent=True, manual_ack=True, prefetch=5
        ) as link,
    ):
        link.subscribe([RECORDS])
        pi.send(*range(1, 21))
        assert until(lambda: link.step(0.02) or len(link.messages) == 5)
        for _ in range(10):
            link.step(0.05)
        assert len(link.messages) == 5
        link.ack(link.messages.popleft())
        assert until(lambda: link.step(0.02) or len(link.messages) == 5)


def collecting(broker: LocalBroker, store: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tools.collector", "--broker", broker.url]
    return subprocess.Popen(
        [*command, "--store", str(store), *more], cwd=ROOT, stderr=subprocess.DEVNULL
    )


def test_sigterm_in_mid_flow_leaves_nothing_stored_unconfirmed_and_nothing_lost(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    open_store(str(file)).close()
    process = collecting(mosquitto, file)
    try:
        with device(mosquitto) as pi:
            assert until(lambda: pi.send(1) or pi.hears(1, 0.3))  # until it listens
            for seq in range(2, 402):
                pi.link.publish(batch(seq))
            assert pi.hears(2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            with open_store(str(file)) as store:
                last = store.highest_contiguous(PI)
            assert frames(file) == [*range(1, last + 1)]
            assert pi.hears(last), "what is stored was confirmed before the end"
            assert pi.link.settled(10)
            process = collecting(mosquitto, file)
            pi.link.publish(batch(402))
            assert pi.hears(402), "the second one collects, whatever the first had stored"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert frames(file) == [*range(1, 403)]


def test_a_second_collector_under_the_same_name_is_told_of_and_each_row_is_stored_once(
    mosquitto: LocalBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, address = tmp_path / "s.db", Address.parse(mosquitto.url)
    with (
        open_store(str(file)) as one,
        open_store(str(file)) as two,
        Collector(address, one) as first,
        device(mosquitto) as pi,
    ):
        assert first.check(10)
        pi.send(*range(1, 51))
        with Collector(address, two) as second:
            assert until(lambda: "seems to use the name 'fieldproof-collector'" in caplog.text)
            pi.send(*range(51, 301))
            assert pi.hears(300)
            assert second.statistics.connects >= 1
        assert one.highest_contiguous(PI) == two.highest_contiguous(PI) == 300
    assert frames(file) == [*range(1, 301)]


def test_two_collectors_of_different_names_share_a_store_and_each_row_is_stored_once(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    open_store(str(file)).close()
    processes = [collecting(mosquitto, file, "--name", name) for name in ("one", "two")]
    try:
        with device(mosquitto) as pi:
            for expected in (1, 2):  # until both listen: each answers for the same batch
                assert until(lambda n=expected: pi.send(1) or _heard(pi, n))  # type: ignore[misc]
            pi.send(*range(2, 201))
            assert pi.hears(200)
            processes[0].send_signal(signal.SIGKILL)
            pi.send(*range(201, 301))
            assert pi.hears(300)
            processes[1].send_signal(signal.SIGTERM)
            assert processes[1].wait(20) == 0
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()
    assert frames(file) == [*range(1, 301)]
    with open_store(str(file)) as store:
        assert [account.settled for account in store.accounts()] == [((1, 300),)]


def _heard(pi: Device, receipts: int) -> bool:
    """Whether one batch was answered so often, by as many collectors."""
    pi.receipts.clear()
    pi.send(1)
    return until(lambda: pi._listen(0.05) >= 0 and len(pi.receipts) >= receipts, 0.5)


@pytest.mark.parametrize("rows", [20, 100])
def test_a_device_that_frees_on_the_brokers_word_loses_the_poison_row_alone(
    mosquitto: LocalBroker, tmp_path: Path, rows: int
) -> None:
    """It does not listen to refusals, so it never sends the neighbours again."""
    file, address = tmp_path / "s.db", Address.parse(mosquitto.url)
    with (
        open_store(str(file)) as store,
        Collector(address, store) as collector,
        Outbox(tmp_path / "outbox") as outbox,
    ):
        with closing(sqlite3.connect(file)) as db:
            refuse = "WHEN new.frame = 33 BEGIN SELECT RAISE(ABORT, 'no'); END"
            db.execute(f"CREATE TRIGGER no BEFORE INSERT ON trials {refuse}")
            db.commit()
        assert collector.check(10)
        for i in range(100):
            outbox.put(trial(i))
        with Mqtt(outbox, address, "lab", "pi", "s1", ack="broker", batch_rows=rows) as sender:
            assert sender.drain(15)
        assert until(lambda: collector.statistics.rows == 99)
        assert [row["frame"] for row in store.trials("s1")] == [i for i in range(100) if i != 33]
        assert "Row 34 of epoch" in next(store.rows("dead_letters"))["why"]
