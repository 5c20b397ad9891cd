"""From outbox to store over a real broker: nothing lost, nothing twice, nothing forged."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.record import (
    Envelope,
    Packed,
    Refusal,
    Stamp,
    Status,
    Topic,
    TrialRecord,
    decode_answer,
    digest,
    encode_batch,
    encode_message,
    pack,
)
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tools.broker import LocalBroker, local_broker
from tools.collector import Collector
from tools.status.devices import survey
from tools.stores import Stream, open_store

ROOT = Path(__file__).resolve().parents[3]
AT = Stamp("boot", 1, 2, False)


def trial(frame: int) -> TrialRecord:
    return TrialRecord(
        session="s1",
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=0.5,
        clean_seen=True,
        perturbed_seen=bool(frame % 2),
        flip=not frame % 2,
    )


def until(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def frames(store: Path) -> list[int]:
    with closing(sqlite3.connect(store)) as db:
        return [row[0] for row in db.execute("SELECT frame FROM trials ORDER BY frame")]


def publisher(outbox: Outbox, broker: LocalBroker, rows: int = 20) -> Mqtt:
    address = Address.parse(broker.url)
    return Mqtt(outbox, address, "lab", "pi", "s1", batch_rows=rows, receipt_s=1.0)


def batch(seqs: list[int], device: str = "pi", after: int = 0, epoch: str = "e1") -> bytes:
    rows: list[Packed] = [pack(seq, AT, trial(seq)) for seq in seqs]
    head = Envelope(
        site="lab", device=device, epoch=epoch, after=after, boot="b", monotonic_ms=1, wall_ms=2
    )
    return encode_batch(head, rows)


def records(device: str = "pi") -> str:
    return str(Topic("lab", device, "records"))


def spoken(broker: LocalBroker, *messages: Message, client: str = "a-device") -> None:
    with Link(Address.parse(broker.url), client) as link:
        for message in messages:
            link.publish(message)
        assert link.settled(5)


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
def test_all_rows_arrive_and_receipts_empty_the_outbox(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "mosquitto":
        request.getfixturevalue("mosquitto")
    url = f"sqlite:///{tmp_path}/store.db".replace("///", "////", 1)
    with (
        local_broker(kind=kind) as broker,
        Outbox(tmp_path / "outbox") as outbox,
        open_store(url) as store,
        Collector(Address.parse(broker.url), store) as collector,
        publisher(outbox, broker) as sender,
    ):
        assert collector.check(10)
        assert sender.check(10)
        assert sender.protocol == ("5.0" if kind == "mosquitto" else "3.1.1")
        for i in range(300):
            outbox.put(trial(i))
        assert sender.drain(15)
        assert store.highest_contiguous(Stream("lab", "pi", outbox.epoch)) == 300
        assert collector.statistics.rows == 300
        assert collector.statistics.devices == {"lab/pi"}
        assert [row["frame"] for row in store.trials("s1")] == list(range(300))
        ((device,), strange) = survey(store)
        assert (device.rows, device.rows_missing, device.rows_unexplained, strange) == (
            300,
            0,
            0,
            0,
        )
        assert device.skew_ms is not None
        assert -15_000 < device.skew_ms <= 1, "one clock, and it is slow by the way at most"
        sender.stop()
        assert until(lambda: [row["state"] for row in store.rows("statuses")] == ["stopped"])


def test_a_broker_killed_and_restarted_in_mid_run_costs_nothing(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "store.db"
    with (
        Outbox(tmp_path / "outbox", commit_rows=10) as outbox,
        open_store(str(file)) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        publisher(outbox, mosquitto) as sender,
    ):
        assert collector.check(10)
        assert sender.check(10)
        for i in range(600):
            outbox.put(trial(i))
            if i in (150, 400):
                outbox.flush()
                mosquitto.kill()
            if i in (250, 450):
                mosquitto.start()
            time.sleep(0.001)
        assert sender.drain(30), (sender.last_error, collector.last_error, sender.statistics)
        assert sender.statistics.connects >= 2
        assert sender.statistics.quarantined == 0
    assert frames(file) == list(range(600))


def collecting(broker: LocalBroker, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tools.collector", "--broker", broker.url]
    return subprocess.Popen([*command, "--store", str(store)], cwd=ROOT, stderr=subprocess.DEVNULL)


def test_a_collector_killed_and_restarted_in_mid_run_costs_nothing(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "store.db"
    process = collecting(mosquitto, file)
    try:
        with (
            Outbox(tmp_path / "outbox", commit_rows=10) as outbox,
            publisher(outbox, mosquitto) as sender,
        ):
            for i in range(600):
                outbox.put(trial(i))
                if i in (200, 400):
                    outbox.flush()
                    assert until(lambda: sender.statistics.receipts > 0)
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                if i in (300, 500):
                    process = collecting(mosquitto, file)
                time.sleep(0.001)
            assert sender.drain(30), (sender.last_error, sender.statistics)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert frames(file) == list(range(600))


def test_the_same_batch_twice_is_stored_once(mosquitto: LocalBroker, tmp_path: Path) -> None:
    with (
        open_store(str(tmp_path / "s.db")) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
    ):
        assert collector.check(10)
        message = Message(records(), batch([1, 2, 3]))
        later = Message(records(), batch([3, 4], after=2))
        spoken(mosquitto, message, message, later)
        assert until(lambda: collector.statistics.messages >= 3)
        assert until(lambda: collector.statistics.rows == 4)
        assert collector.statistics.duplicates == 4
        assert store.highest_contiguous(Stream("lab", "pi", "e1")) == 4


def test_rows_that_overtake_others_are_not_confirmed_before_those_have_come(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        open_store(str(tmp_path / "s.db")) as store,
        open_store(str(tmp_path / "s.db")) as reader,
        Collector(Address.parse(mosquitto.url), store) as collector,
    ):
        assert collector.check(10)
        stream = Stream("lab", "pi", "e1")
        spoken(mosquitto, Message(records(), batch([3, 4], after=2)))
        assert until(lambda: collector.statistics.rows == 2)
        assert reader.highest_contiguous(stream) == 0
        spoken(mosquitto, Message(records(), batch([1, 2])))
        assert until(lambda: reader.highest_contiguous(stream) == 4)


def test_hostile_messages_are_kept_as_dead_letters_and_the_next_good_one_is_stored(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        open_store(str(tmp_path / "s.db")) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
    ):
        assert collector.check(10)
        spoken(
            mosquitto,
            Message(records(), b"not a batch"),
            Message(records(), b""),
            Message(records("a b"), batch([1])),
            Message(str(Topic("lab", "pi", "status")), b"[]"),
            Message(records(), batch([1])),
        )
        assert until(lambda: collector.statistics.rows == 1)
        assert until(lambda: collector.statistics.dead_letters == 4)
        letters = list(store.rows("dead_letters"))
        assert [letter["payload"] for letter in letters[:2]] == [b"not a batch", b""]
        assert all(letter["why"] for letter in letters)


def test_a_message_of_no_use_is_acknowledged_and_never_comes_again(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    address = Address.parse(mosquitto.url)
    with open_store(str(tmp_path / "s.db")) as store:
        with Collector(address, store) as first:
            assert first.check(10)
            spoken(mosquitto, Message(records(), b"not a batch"))
            assert until(lambda: first.statistics.dead_letters == 1)
        with Collector(address, store) as second:
            assert second.check(10)
            spoken(mosquitto, Message(records(), batch([1])))
            assert until(lambda: second.statistics.rows == 1)
            assert second.statistics.messages == 1
        assert len(list(store.rows("dead_letters"))) == 1


def test_a_device_that_publishes_as_another_is_refused(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        open_store(str(tmp_path / "s.db")) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
    ):
        assert collector.check(10)
        status = Status(site="lab", device="victim", state="stopped", session="s")
        spoken(
            mosquitto,
            Message(records("thief"), batch([1], device="victim")),
            Message(str(Topic("lab", "thief", "status")), encode_message(status)),
        )
        assert until(lambda: collector.statistics.dead_letters == 2)
        assert list(store.rows("trials")) == []
        assert list(store.rows("statuses")) == []
        assert "victim" in next(store.rows("dead_letters"))["why"]


def test_a_retained_copy_of_a_batch_is_ignored(mosquitto: LocalBroker, tmp_path: Path) -> None:
    spoken(mosquitto, Message(records(), batch([1]), retain=True))
    with (
        open_store(str(tmp_path / "s.db")) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
    ):
        assert until(lambda: collector.statistics.messages == 1)
        assert list(store.rows("trials")) == []


def test_what_was_sent_while_no_collector_ran_is_collected_later(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    with (
        Outbox(tmp_path / "outbox") as outbox,
        publisher(outbox, mosquitto) as sender,
    ):
        assert sender.check(10)
        for i in range(50):
            outbox.put(trial(i))
        assert not sender.drain(0.5)
        with (
            open_store(str(file)) as store,
            Collector(Address.parse(mosquitto.url), store),
        ):
            assert sender.drain(15)
    assert frames(file) == list(range(50))


def test_a_bad_address_or_store_ends_with_its_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.collector", "--store"]
    for store, broker, code in (
        (str(tmp_path / "s.db"), "http://host", 2),
        ("nosuch:///x", "mqtt://127.0.0.1:1", 2),
    ):
        done = subprocess.run(
            [*command, store, "--broker", broker], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr


def test_rows_that_the_store_will_not_take_do_not_hold_up_the_others(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    with (
        open_store(str(file)) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
    ):
        with closing(sqlite3.connect(file)) as db:
            refuse = "WHEN new.frame = 3 BEGIN SELECT RAISE(ABORT, 'no threes'); END"
            db.execute(f"CREATE TRIGGER no BEFORE INSERT ON trials {refuse}")
            db.commit()
        assert collector.check(10)
        spoken(
            mosquitto,
            *(Message(records(), batch([seq], after=seq - 1)) for seq in range(1, 6)),
        )
        assert until(lambda: collector.statistics.rows == 4)
        assert until(lambda: collector.statistics.dead_letters == 1)
        assert "no threes" in next(store.rows("dead_letters"))["why"]
        assert store.highest_contiguous(Stream("lab", "pi", "e1")) == 2


def stored(store: Path) -> list[int]:
    """The frames in a store that its collector may still be making."""
    try:
        return frames(store)
    except sqlite3.Error:
        return []


def test_sigterm_ends_the_collector_while_the_store_is_locked_and_costs_nothing(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    process = collecting(mosquitto, file)
    try:
        while not stored(file):  # until it listens
            spoken(mosquitto, Message(records(), batch([1])))
            time.sleep(0.2)
        with closing(sqlite3.connect(file, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            spoken(mosquitto, Message(records(), batch([2], after=1)))
            time.sleep(1.0)  # for the collector to be at the store with it
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            lock.execute("ROLLBACK")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    with open_store(str(file)) as store, Collector(Address.parse(mosquitto.url), store):
        assert until(lambda: frames(file) == [1, 2])


def spoiled(outbox: Outbox, frame: int) -> None:
    """One trial on the disk becomes what no collector can read."""
    with outbox._disk:
        outbox._table._db.execute(
            "UPDATE rows SET body = replace(body, '0.5', '1.5') WHERE seq = ?", (frame + 1,)
        )


def test_rows_that_cannot_be_read_are_quarantined_alone_and_all_others_are_stored(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        open_store(str(tmp_path / "s.db")) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        Outbox(tmp_path / "outbox") as outbox,
    ):
        assert collector.check(10)
        for i in range(100):
            outbox.put(trial(i))
        assert outbox.flush()
        spoiled(outbox, 30)
        spoiled(outbox, 99)
        with publisher(outbox, mosquitto) as sender:
            assert sender.drain(30), (sender.last_error, sender.statistics)
            assert sender.last_error == ""
        assert outbox.quarantined == 2
        good = [i for i in range(100) if i not in (30, 99)]
        assert [row["frame"] for row in store.trials("s1")] == good
        assert [(gap["first"], gap["rows"]) for gap in store.rows("gaps")] == [(31, 1), (100, 1)]


def test_a_row_that_the_store_will_not_take_is_quarantined_alone(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    file = tmp_path / "s.db"
    with (
        open_store(str(file)) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        Outbox(tmp_path / "outbox") as outbox,
        publisher(outbox, mosquitto) as sender,
    ):
        with closing(sqlite3.connect(file)) as db:
            refuse = "WHEN new.frame = 3 BEGIN SELECT RAISE(ABORT, 'no threes'); END"
            db.execute(f"CREATE TRIGGER no BEFORE INSERT ON trials {refuse}")
            db.commit()
        assert collector.check(10)
        for i in range(60):
            outbox.put(trial(i))
        assert sender.drain(30), (sender.last_error, sender.statistics)
        assert outbox.quarantined == 1
        assert [row["frame"] for row in store.trials("s1")] == [i for i in range(60) if i != 3]
        assert "no threes" in next(store.rows("gaps"))["why"]


def test_a_refusal_goes_to_the_sender_and_names_the_bytes(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    with (
        open_store(str(tmp_path / "s.db")) as store,
        Collector(Address.parse(mosquitto.url), store) as collector,
        Link(Address.parse(mosquitto.url), "thief") as thief,
    ):
        assert collector.check(10)
        thief.subscribe([str(Topic("lab", "+", "ack"))])
        forged = batch([1], device="victim")
        spoken(mosquitto, Message(records("thief"), forged))
        assert until(lambda: thief.step(0.05) or bool(thief.messages))
        message = thief.messages.popleft()
        answer = decode_answer(message.payload)
        assert message.topic == str(Topic("lab", "thief", "ack"))
        assert isinstance(answer, Refusal)
        assert (answer.device, answer.batch) == ("thief", digest(forged))


def test_a_site_that_cannot_be_is_refused_before_a_store_is_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.collector", "--broker", "mqtt://127.0.0.1:1"]
    done = subprocess.run(
        [*command, "--store", str(tmp_path / "s.db"), "--site", "a b"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "'a b' is no name for a site" in done.stderr
    assert "1 to 64" in done.stderr
    assert not list(tmp_path.iterdir())
