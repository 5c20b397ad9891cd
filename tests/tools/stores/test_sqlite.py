"""The SQLite store keeps each row once, and can be read while it is written."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import UnknownKind, UsageError
from agent.record import (
    Batch,
    Envelope,
    GapRecord,
    HealthRecord,
    PhantomRecord,
    Record,
    Row,
    SessionEndRecord,
    SessionRecord,
    Stamp,
    Status,
    TrialRecord,
)
from tools.stores import Contact, Letter, Stream, family, open_store
from tools.stores._errors import PoisonError, StoreError
from tools.stores._received import Range, contiguous, settled
from tools.stores._schema import MIGRATIONS

AT = Stamp("boot", 5, 1000, True)
PI = Stream("lab", "pi", "e1")


def trial(frame: int, session: str = "s1", severity: float = 0.5) -> TrialRecord:
    return TrialRecord(
        session=session,
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=severity,
        parts=(("fog", 0.5), ("rain", 0.25)),
        clean_seen=True,
        clean_label="stop sign",
        clean_confidence=0.9,
        perturbed_seen=False,
        flip=True,
    )


def batch(rows: dict[int, Record], after: int = 0, floor: int = 1, stream: Stream = PI) -> Batch:
    envelope = Envelope(
        **stream._asdict(), after=after, floor=floor, boot="b", monotonic_ms=1, wall_ms=2
    )
    return Batch(envelope, tuple(Row.of(seq, AT, row) for seq, row in rows.items()))


def start(session: str = "s1") -> SessionRecord:
    return SessionRecord(
        session=session,
        model_name="stop",
        model_sha256="ab",
        model_kind="ssd",
        model_labels=2,
        profile="generic",
        config_sha256="cd",
        suite="quick",
        camera="drive_by",
        versions={"fieldproof": "0.1.0"},
    )


def end(trials: int) -> SessionEndRecord:
    return SessionEndRecord(
        session="s1", frames=3, inferences=9, trials=trials, flips=2, phantoms=0, why="done"
    )


def test_a_row_is_stored_once_and_survives_reopening(tmp_path: Path) -> None:
    url = str(tmp_path / "deep" / "s.db")
    with open_store(url) as store:
        assert store.store(batch({1: start(), 2: trial(0), 3: trial(1)})) == 3
        (answer,) = store.store_all([batch({2: trial(0), 3: trial(1), 4: trial(2)}, after=1)])
        assert (answer.new, answer.duplicates, answer.contiguous) == (1, 2, 4)
    with open_store(url) as store:
        assert store.highest_contiguous(PI) == 4
        assert [row["frame"] for row in store.trials("s1")] == [0, 1, 2]


def test_a_trial_is_read_as_it_was_written(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        store.store(batch({1: trial(7)}))
        (read,) = store.trials("s1")
        assert read["parts"] == '[["fog", 0.5], ["rain", 0.25]]'
        assert (read["seq"], read["wall_ms"]) == (1, 1000)
        written = trial(7).model_dump(exclude={"parts"})
        assert {name: read[name] for name in written} == written


def test_every_kind_of_record_has_its_table(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        rows: dict[int, Record] = {
            1: PhantomRecord(session="s1", frame=1, clip="c", count=2),
            2: HealthRecord(session="s1", readings={"fps": 9.5}),
            3: GapRecord(epoch="e1", first=1, last=2, rows=2, trials=1, why="full"),
        }
        assert store.store(batch(rows)) == 3
        assert next(store.rows("phantoms"))["count"] == 2
        assert next(store.rows("health"))["readings"] == '{"fps": 9.5}'
        assert next(store.rows("gaps"))["why"] == "full"


def test_collections_are_stored_as_json_whether_empty_or_not(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        plain = trial(0).model_copy(update={"parts": ()})
        bare = start("s2").model_copy(update={"versions": {}})
        store.store(batch({1: plain, 2: trial(1), 3: start(), 4: bare}))
        assert [json.loads(row["parts"]) for row in store.trials("s1")] == [
            [],
            [["fog", 0.5], ["rain", 0.25]],
        ]
        kept = [json.loads(row["versions"]) for row in store.sessions()]
        assert kept == [{"fieldproof": "0.1.0"}, {}]


def test_sessions_say_what_was_counted_and_what_was_stored(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        store.store(batch({1: start(), 2: trial(0), 3: trial(1)}))
        (running,) = store.sessions()
        assert (running["trials_stored"], running["trials_counted"]) == (2, None)
        store.store(batch({4: end(3)}, after=3))
        (ended,) = store.sessions()
        assert (ended["trials_stored"], ended["trials_counted"]) == (2, 3)
        assert (ended["site"], ended["device"], ended["model_name"]) == ("lab", "pi", "stop")


def test_counts_are_per_condition_and_severity(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        store.store(batch({1: trial(0), 2: trial(1), 3: trial(0, "s2"), 4: trial(0, "s1", 1.0)}))
        assert [(row["severity"], row["n"], row["flips"]) for row in store.counts("s1")] == [
            (0.5, 2, 2),
            (1.0, 1, 1),
        ]
        assert [row["n"] for row in store.counts()] == [3, 1]


def test_the_same_numbers_of_another_epoch_site_or_device_are_other_rows(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        streams = [PI, PI._replace(epoch="e2"), PI._replace(site="x"), PI._replace(device="y")]
        for stream in streams:
            (answer,) = store.store_all([batch({1: trial(0)}, stream=stream)])
            assert answer.new == 1
        assert len(list(store.trials("s1"))) == 4


def test_a_new_store_takes_a_devices_word_for_what_was_receipted_before(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        assert store.store(batch({601: trial(1)}, after=600, floor=501)) == 500
        assert store.store(batch({501: trial(0), 600: trial(0)}, after=500, floor=501)) == 601


def test_rows_of_an_unknown_kind_are_kept_as_they_came_and_once(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        known = batch({1: trial(0)})
        newer = Batch(known.envelope, (*known.rows, Row(2, "dream", AT, None, '{"of": "sheep"}')))
        assert store.store(newer) == 2
        (again,) = store.store_all([newer])
        assert (again.new, again.duplicates) == (0, 2)
        (kept,) = store.rows("unknown_rows")
        assert (kept["device"], kept["seq"], kept["wall_ms"]) == ("pi", 2, 1000)
        assert (kept["kind"], kept["body"]) == ("dream", '{"of": "sheep"}')
        assert next(store.accounts()) == (PI, 2, ((1, 2),))


def test_a_late_will_of_an_older_session_is_ignored(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:

        def said(state: str, session: str) -> tuple[str, str]:
            store.status(
                Status.model_validate(
                    {"site": "lab", "device": "pi", "state": state, "session": session}
                )
            )
            (now,) = store.rows("statuses")
            return now["state"], now["session"]

        assert said("online", "s1") == ("online", "s1")
        assert said("online", "s2") == ("online", "s2")
        assert said("offline", "s1") == ("online", "s2")
        assert said("offline", "s2") == ("offline", "s2")
        assert said("stopped", "s2") == ("stopped", "s2")
        assert said("offline", "s2") == ("stopped", "s2")


def test_dead_letters_are_bounded_in_size(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        store.bury([Letter("t", b"x" * 100_000, "too large")])
        (letter,) = store.rows("dead_letters")
        assert (letter["bytes"], len(letter["payload"])) == (100_000, 16 << 10)


def test_a_failed_transaction_leaves_nothing_half_done(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with open_store(str(file)) as store:
        store.store(batch({1: trial(0)}))
        with closing(sqlite3.connect(file)) as db:
            db.execute(
                "CREATE TRIGGER no BEFORE INSERT ON health BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            db.commit()
        bad: dict[int, Record] = {2: trial(1), 3: HealthRecord(session="s1", readings={})}
        with pytest.raises(PoisonError):
            store.store(batch(bad, after=1))
        assert len(list(store.trials("s1"))) == 1
        assert store.highest_contiguous(PI) == 1
        assert store.store(batch({2: trial(1)}, after=1)) == 2


def test_a_store_of_the_first_version_keeps_its_rows_and_takes_new_ones(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with closing(sqlite3.connect(file)) as db:
        MIGRATIONS[0](db)
        db.execute("PRAGMA user_version = 1")
        db.execute("INSERT INTO streams VALUES (1, 'lab', 'pi', 'e1')")
        old = trial(0).model_dump(exclude={"placement", "remark", "parts"})
        names = ", ".join(old)
        marks = ", ".join("?" * len(old))
        db.execute(
            f"INSERT INTO trials (stream, seq, wall_ms, parts, {names}) "
            f"VALUES (1, 1, 1000, '[]', {marks})",
            tuple(old.values()),
        )
        db.commit()
    with open_store(str(file)) as store:
        store.store(batch({2: trial(1).model_copy(update={"placement": "outline"})}, after=1))
        assert [row["placement"] for row in store.trials("s1")] == ["", "outline"]


def test_a_store_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with closing(sqlite3.connect(file)) as db:
        for migration in MIGRATIONS[:2]:
            migration(db)
        db.execute("PRAGMA user_version = 2")
        db.execute("INSERT INTO streams VALUES (1, 'lab', 'pi', 'e1')")
        db.execute("INSERT INTO received VALUES (1, 1, 3), (1, 7, 9)")
        db.execute("INSERT INTO health VALUES (1, 2, 1000, 's1', '{}')")
        db.execute("INSERT INTO statuses VALUES ('lab', 'pi', 'online', 's1', '0.1.0', 7)")
        db.commit()
    with open_store(str(file)) as store:
        assert list(store.accounts()) == [(PI, 1, ((1, 3), (7, 9)))]
        assert list(store.rows("contacts")) == []
        newer = batch({4: trial(0)}, after=3)
        unknown = Batch(newer.envelope, (*newer.rows, Row(5, "dream", AT, None, "{}")))
        contact = Contact("lab", "pi", 5000, -3, True)
        store.store_all([unknown], [contact])
        assert list(store.accounts()) == [(PI, 3, ((1, 5), (7, 9)))]
        assert [tuple(row.values()) for row in store.rows("contacts")] == [
            ("lab", "pi", 5000, -3, 1)
        ]


def test_two_writers_of_one_store_never_forget_what_the_other_settled(tmp_path: Path) -> None:
    url = str(tmp_path / "s.db")
    with open_store(url) as one, open_store(url) as two:
        assert one.store(batch({1: trial(1)})) == 1
        assert two.store(batch({2: trial(2)}, after=1)) == 2
        assert one.store(batch({3: trial(3)}, after=2)) == 3
        (again,) = two.store_all([batch({1: trial(1)})])
        assert (again.new, again.duplicates, again.contiguous) == (0, 1, 3)
        assert one.highest_contiguous(PI) == two.highest_contiguous(PI) == 3


def test_rows_that_another_device_sends_under_a_session_are_not_counted_with_it(
    tmp_path: Path,
) -> None:
    thief = PI._replace(device="thief")
    with open_store(str(tmp_path / "s.db")) as store:
        store.store(batch({1: start(), 2: trial(0), 3: end(1)}))
        store.store(batch({1: trial(8), 2: trial(9), 3: end(77)}, stream=thief))
        (session,) = store.sessions()
        assert (session["trials_stored"], session["trials_counted"]) == (1, 1)
        assert [row["frame"] for row in store.trials("s1", "lab", "pi")] == [0]


def test_a_contact_keeps_the_latest_sign_of_life_and_the_last_known_clock(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:

        def heard(seen: int, skew: int | None, synced: bool) -> tuple[int, int | None, int]:
            store.store_all([], [Contact("lab", "pi", seen, skew, synced)])
            (row,) = store.rows("contacts")
            return row["seen_ms"], row["skew_ms"], row["synced"]

        assert heard(100, None, False) == (100, None, 0)
        assert heard(200, -5, True) == (200, -5, 1)
        assert heard(300, None, False) == (300, -5, 1)
        assert heard(250, 7, False) == (300, 7, 0)


def test_dead_letters_are_counted_by_topic_with_the_last_reason(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        for topic, why in (("a", "first"), ("b", "other"), ("a", "last")):
            store.bury([Letter(topic, b"x", why)])
        assert [(r["topic"], r["letters"], r["why"]) for r in store.dead_letters()] == [
            ("a", 2, "last"),
            ("b", 1, "other"),
        ]


def test_dead_letters_are_bounded_in_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.stores._writing.MOST_DEAD_LETTERS", 5)
    with open_store(str(tmp_path / "s.db")) as store:
        for number in range(20):
            store.bury([Letter("t", b"%d" % number, "why")])
        assert [row["payload"] for row in store.rows("dead_letters")] == [
            b"15", b"16", b"17", b"18", b"19",
        ]  # fmt: skip


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    open_store(str(file)).close()
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StoreError, match="newer"):
        open_store(str(file))


def test_urls_name_the_kind_and_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "sqlite" in family.kinds()
    for url, file in (
        ("sqlite:///relative.db", tmp_path / "relative.db"),
        (f"sqlite:///{tmp_path}/absolute.db", tmp_path / "absolute.db"),
        ("bare.db", tmp_path / "bare.db"),
        (str(tmp_path / "whole.db"), tmp_path / "whole.db"),
    ):
        open_store(url).close()
        assert file.is_file()
    with pytest.raises(UnknownKind):
        open_store("carbon:///x")
    with pytest.raises(UsageError):
        open_store("sqlite:///")
    with pytest.raises(StoreError):
        open_store("/proc/nothing/s.db")


numbers = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), max_size=25)


@given(numbers)
def test_ranges_hold_exactly_the_numbers_that_were_settled(pairs: list[tuple[int, int]]) -> None:
    ranges: tuple[Range, ...] = ()
    known: set[int] = set()
    for first, length in pairs:
        ranges = settled(ranges, Range(first, first + length - 1))
        known |= set(range(first, first + length))
    assert {n for item in ranges for n in range(item.first, item.last + 1)} == known
    expected = next(n for n in range(1, 100) if n not in known) - 1
    assert contiguous(ranges) == expected
