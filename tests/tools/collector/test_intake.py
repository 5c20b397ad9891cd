"""What becomes of each message, without a broker: stored, kept as a dead letter, or waited with."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.record import (
    Envelope,
    Receipt,
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
from agent.telemetry.link import Message
from tools.collector import CollectorStatistics
from tools.collector._clocks import MOST_DEVICES, WINDOW, Clocks
from tools.collector._intake import COMMIT_ROWS, MOST_ATTEMPTS, Intake, Portion
from tools.stores import Store, Stream, open_store
from tools.stores._errors import StoreError

AT = Stamp("boot", 1, 2, False)
PI = Stream("lab", "pi", "e1")
RECORDS = str(Topic("lab", "pi", "records"))


def batch(seqs: list[int], after: int = 0, wall_ms: int = 2) -> bytes:
    head = Envelope(
        site="lab", device="pi", epoch="e1", after=after, boot="b", monotonic_ms=1, wall_ms=wall_ms
    )
    return encode_batch(head, [pack(seq, AT, trial(seq)) for seq in seqs])


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


def impatient(error: StoreError) -> None:
    raise error


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "s.db")) as opened:
        yield opened


@pytest.fixture
def intake(store: Store) -> Intake:
    return Intake(store, CollectorStatistics())


def refuse(file: Path, condition: str) -> None:
    """Make the store take no trial of which the condition holds."""
    with closing(sqlite3.connect(file)) as db:
        refusal = f"WHEN {condition} BEGIN SELECT RAISE(ABORT, 'poison'); END"
        db.execute(f"CREATE TRIGGER no BEFORE INSERT ON trials {refusal}")
        db.commit()


def taken(intake: Intake, *payloads: bytes, topic: str = RECORDS) -> Portion:
    return intake.take(deque(Message(topic, payload) for payload in payloads), impatient)


def stored(store: Store) -> list[int]:
    return [row["frame"] for row in store.trials("s1")]


def test_the_neighbours_of_a_poison_row_are_stored_at_once(
    intake: Intake, store: Store, tmp_path: Path
) -> None:
    refuse(tmp_path / "s.db", "new.frame = 37")
    before, bad, after = batch([1, 2]), batch([*range(3, 101)], after=2), batch([101], after=100)
    done = taken(intake, before, bad, after)
    assert stored(store) == [i for i in range(1, 102) if i != 37]
    answers = [decode_answer(answer.payload) for answer in done.answers]
    assert answers[0] == Receipt(device="pi", epoch="e1", seq=36)
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [(r.batch, "poison" in r.why) for r in refusals] == [(digest(bad), True)]
    (letter,) = store.rows("dead_letters")
    assert "Row 37 of epoch e1 (trial)" in letter["why"]
    assert b'"frame":37' in letter["payload"]
    # The device gives the row up; its next batch says that nothing is between.
    (answer,) = taken(intake, batch([38], after=36)).answers
    assert decode_answer(answer.payload) == Receipt(device="pi", epoch="e1", seq=101)


def test_a_batch_without_rows_is_answered_and_leaves_nothing(
    intake: Intake, store: Store, tmp_path: Path
) -> None:
    (answer,) = taken(intake, batch([])).answers
    assert decode_answer(answer.payload) == Receipt(device="pi", epoch="e1", seq=0)
    assert list(store.accounts()) == list(store.rows("contacts")) == []
    # Beside rows of its stream it is answered with them, not with what was before.
    done = taken(intake, batch([]), batch([1, 2]), batch([]))
    assert [decode_answer(answer.payload) for answer in done.answers] == [
        Receipt(device="pi", epoch="e1", seq=2)
    ]
    with closing(sqlite3.connect(tmp_path / "s.db")) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DROP TABLE streams")
        db.commit()
    with pytest.raises(StoreError):
        taken(intake, batch([]))


def test_a_batch_full_of_poison_costs_a_bounded_number_of_attempts(
    intake: Intake, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(tmp_path / "s.db", "new.frame > 0")
    attempts = 0
    store_all = store.store_all

    def counted(*arguments: object) -> object:
        nonlocal attempts
        attempts += 1
        return store_all(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "store_all", counted)
    (refusal,) = taken(intake, batch([*range(1, 1001)])).answers
    assert isinstance(decode_answer(refusal.payload), Refusal)
    assert attempts <= MOST_ATTEMPTS + 1
    assert stored(store) == []


def test_a_status_that_the_store_will_not_take_is_a_dead_letter(
    intake: Intake, store: Store, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db")) as db:
        refusal = "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        db.execute(f"CREATE TRIGGER no BEFORE INSERT ON statuses {refusal}")
        db.commit()
    said = encode_message(Status(site="lab", device="pi", state="online", session="s1"))
    done = taken(intake, said, topic=str(Topic("lab", "pi", "status")))
    assert (len(done.messages), done.answers) == (1, [])
    assert "poison" in next(store.rows("dead_letters"))["why"]


def test_what_only_an_update_can_read_is_kept_and_not_refused(intake: Intake, store: Store) -> None:
    """A refusal would make the device give its rows up, and nothing is wrong with them."""
    newer = zlib.compress(
        zlib.decompress(batch([1])).replace(b"fieldproof.batch/1", b"fieldproof.batch/2")
    )
    done = taken(intake, newer)
    assert (len(done.messages), done.answers) == (1, [])
    assert "fieldproof.batch/2" in next(store.rows("dead_letters"))["why"]


def test_a_store_that_is_away_is_waited_for_and_nothing_is_answered_before(
    intake: Intake, store: Store, tmp_path: Path
) -> None:
    refused = deque([Message(RECORDS, batch([1])), Message(RECORDS, b"of no use")])
    waited: list[str] = []
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        store._db._db.execute("PRAGMA busy_timeout = 20")  # type: ignore[attr-defined]

        def patience(error: StoreError) -> None:
            waited.append(error.message)
            if len(waited) == 3:
                lock.execute("ROLLBACK")

        done = intake.take(refused, patience)
    assert "locked" in waited[0]
    assert len(waited) == 3
    assert [type(decode_answer(answer.payload)) for answer in done.answers] == [Receipt, Refusal]
    assert stored(store) == [1]


def test_a_damaged_store_is_no_fault_of_the_rows(tmp_path: Path) -> None:
    """Refusals here would empty the outboxes of a fleet into their quarantines."""
    file = tmp_path / "s.db"
    with open_store(str(file)) as store:
        taken(Intake(store, CollectorStatistics()), batch([*range(1, 500)]))
    with file.open("r+b") as raw:  # all pages but the first, which holds the schema's root
        raw.seek(4096)
        raw.write(b"\xff" * (file.stat().st_size - 4096))
    with (
        pytest.raises(StoreError, match="malformed"),
        open_store(str(file)) as store,
    ):
        taken(Intake(store, CollectorStatistics()), batch([*range(500, 600)], after=499))


def test_what_waits_is_stored_in_portions_of_bounded_size(intake: Intake, store: Store) -> None:
    most = COMMIT_ROWS // 2
    messages = deque(
        Message(RECORDS, batch([*range(1 + n * most, 1 + (n + 1) * most)], after=n * most))
        for n in range(3)
    )
    sizes = []
    while messages:
        sizes.append(len(intake.take(messages, impatient).messages))
    assert sizes == [2, 1]
    assert store.highest_contiguous(PI) == 3 * most


def test_a_device_that_speaks_is_seen_and_one_that_is_spoken_of_is_not(
    intake: Intake, store: Store
) -> None:
    topic = str(Topic("lab", "pi", "status"))

    def said(state: str, retain: bool = False) -> int:
        status = Status.model_validate(
            {"site": "lab", "device": "pi", "state": state, "session": "s1"}
        )
        intake.take(deque([Message(topic, encode_message(status), retain)]), impatient)
        return len(list(store.rows("contacts")))

    assert said("online", retain=True) == 0, "a retained status may be old"
    assert said("offline") == 0, "the broker says that for it"
    assert said("online") == 1
    (contact,) = store.rows("contacts")
    assert contact["skew_ms"] is None


def test_a_devices_clock_is_told_from_its_batches(intake: Intake, store: Store) -> None:
    import time

    ahead = int(time.time() * 1000) + 90_000
    taken(intake, batch([1], wall_ms=ahead - 500_000), batch([2], after=1, wall_ms=ahead))
    taken(intake, batch([3], after=2, wall_ms=ahead - 600_000))
    (contact,) = store.rows("contacts")
    assert 60_000 < contact["skew_ms"] <= 90_000
    assert contact["seen_ms"] > 0


def test_the_quickest_message_tells_the_clock_and_old_ones_are_forgotten() -> None:
    clocks = Clocks()
    assert clocks.heard("lab", "pi", 1_000, 901_000) == -900_000, "it was held by a broker"
    assert clocks.heard("lab", "pi", 1_000, 1_030) == -30
    assert clocks.heard("lab", "pi", 2_000, 2_500) == -30
    assert clocks.heard("lab", "other", 2_000, 2_500) == -500
    for _ in range(WINDOW):  # the clock was put back by an hour
        late = clocks.heard("lab", "pi", 2_000, 3_602_000)
    assert late == -3_600_000


def test_devices_without_number_do_not_fill_the_memory() -> None:
    clocks = Clocks()
    for number in range(MOST_DEVICES + 50):
        clocks.heard("lab", f"pi-{number}", 1, 0)
    assert len(clocks._devices) == MOST_DEVICES
    assert ("lab", "pi-0") not in clocks._devices


GOLDEN = Path(__file__).resolve().parents[2] / "agent"


def test_agents_of_every_age_are_collected(intake: Intake, store: Store) -> None:
    for name, answer in (("oldest", 7), ("v1", 3), ("future", 2)):
        kept = json.loads((GOLDEN / f"golden_batch_{name}.json").read_text(encoding="utf-8"))
        tree = json.loads(zlib.decompress(bytes.fromhex(kept["hex"])))
        topic = str(Topic("lab", tree["device"], "records"))
        receipts = taken(intake, bytes.fromhex(kept["hex"]), topic=topic).answers
        seqs = [decode_answer(receipt.payload) for receipt in receipts]
        assert seqs == [Receipt(device=tree["device"], epoch=tree["epoch"], seq=answer)], name
    assert list(store.rows("dead_letters")) == []
    assert [(row["device"], row["kind"]) for row in store.rows("unknown_rows")] == [
        ("pi-9", "lidar"),
        ("pi-9", "lidar"),
    ]


words = st.binary(max_size=60) | st.sampled_from([batch([1]), b"", b"{}", zlib.compress(b"{}")])
topics = st.text(max_size=30) | st.sampled_from(
    [RECORDS, str(Topic("lab", "pi", "status")), str(Topic("lab", "thief", "records")), "\ud800"]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(topics, words, st.booleans()), min_size=1, max_size=4))
def test_whatever_arrives_is_dealt_with_and_the_next_good_batch_is_stored(
    intake: Intake, store: Store, messages: list[tuple[str, bytes, bool]]
) -> None:
    sent = [Message(topic, payload, retain) for topic, payload, retain in messages]
    done = intake.take(deque(sent), impatient)
    assert done.messages == sent
    (answer,) = taken(intake, batch([1])).answers
    assert decode_answer(answer.payload) == Receipt(device="pi", epoch="e1", seq=1)
