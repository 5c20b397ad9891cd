"""What only the SQLite store has: its file, its migrations, its space."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import UnknownKind, UsageError
from agent.record import Batch, HealthRecord, Record, Row
from tests.tools.stores.rows import AT, PI, batch, trial
from tools.stores import Contact, Retention, Scope, Store, family, open_store
from tools.stores._errors import PoisonError, StoreError
from tools.stores._schema import MIGRATIONS


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
    assert family.kinds() == ("postgresql", "sqlite")
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


def older_store(file: Path, trials: int) -> None:
    """A store of version 4, as it was before rollups, with sessions, trials and health."""
    with closing(sqlite3.connect(file)) as db:
        for migration in MIGRATIONS[:4]:
            migration(db)
        db.execute("PRAGMA user_version = 4")
        db.execute("INSERT INTO streams VALUES (1, 'lab', 'pi', 'e1'), (2, 'lab', 'pi', 'e2')")
        db.execute("INSERT INTO received VALUES (1, 1, ?), (2, 1, 5), (2, 8, 9)", (trials + 2,))
        db.execute("INSERT INTO contacts VALUES ('lab', 'pi', 1750000000000, 0, 1)")
        db.execute(
            "INSERT INTO sessions VALUES (1, 1, 1700000000000, 's1', 'stop', 'ab', 'ssd', 2,"
            " 'tflite', 'generic', 'cd', 'quick', 'grid', 1, 'drive_by', '{}')"
        )
        for seq in range(2, trials + 2):
            old = trial(seq, severity=(seq % 4) / 4).model_dump(exclude={"parts"})
            old |= {"flip": seq % 10 == 0, "track": f"t{seq // 1000}"}
            wall = 1700000000000 + seq * 1000 if seq % 2 else seq  # a clock that was not set
            db.execute(
                f"INSERT INTO trials (stream, seq, wall_ms, parts, {', '.join(old)})"
                f" VALUES (1, ?, ?, '[]', {', '.join('?' * len(old))})",
                (seq, wall, *old.values()),
            )
        readings = json.dumps({"temperature_c": 40.0})
        db.execute(
            "INSERT INTO health VALUES (1, ?, 1700000000000, 's1', ?)", (trials + 2, readings)
        )
        db.commit()


def test_a_store_of_before_the_rollups_is_upgraded_with_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    older_store(file, trials=5000)
    with open_store(str(file)) as store:
        (sums,) = store.sums()
        assert (sums["n"], sums["flips"], sums["truth"]) == (5000, 500, 5000)
        by_severity = {row["severity"]: row["n"] for row in store.sums(by=["severity"])}
        assert by_severity == {0.0: 1250, 0.25: 1250, 0.5: 1250, 0.75: 1250}
        assert sum(row["scenes"] for row in store.sums(by=["severity"])) == 5 * 4 + 2
        (one,) = store.sessions()
        assert (one["trials_stored"], one["model_name"]) == (5000, "stop")
        first, second = store.accounts()
        assert (first.rows, first.settled) == (5002, ((1, 5002),))
        assert (second.rows, second.settled) == (0, ((1, 5), (8, 9)))
        made = [row["at_ms"] for row in store.trials("s1")]
        assert made[:2] == [1750000000000, 1700000000000 + 3 * 1000]
        assert next(store.readings())["total"] == 40.0
        (device,) = store.devices()
        assert (device["readings"], device["started_ms"]) == (
            {"temperature_c": 40.0},
            1700000000000,
        )
        (again,) = store.store_all([batch({10: trial(10), 5003: trial(5003)}, after=9)])
        assert (again.new, again.duplicates, again.contiguous) == (1, 1, 5003)
        assert [row["n"] for row in store.sums()] == [5001]


def test_an_upgrade_that_is_interrupted_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "s.db"
    older_store(file, trials=50)

    def interrupted(db: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tools.stores.sqlite.rebuild", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_store(str(file))
    with open_store(str(file)) as store:
        assert [row["n"] for row in store.sums()] == [50]


def test_pruning_makes_the_file_smaller(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with open_store(str(file)) as store:
        store.store(batch({seq: trial(seq) for seq in range(1, 4001)}))
        store.prune(Retention())  # the log becomes part of the file
        before = file.stat().st_size
        assert store.prune(Retention(trials_days=-1)) == {
            "trials": 4000,
            "phantoms": 0,
            "unknown_rows": 0,
        }
        assert file.stat().st_size < before / 2


def test_pruning_makes_an_older_file_smaller_too(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    older_store(file, trials=3000)
    with open_store(str(file)) as store:
        store.prune(Retention())
        before = file.stat().st_size
        store.prune(Retention(trials_days=1))
        assert file.stat().st_size < before / 2


def test_it_is_not_ready_while_another_writer_holds_it(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with open_store(str(file)) as store, closing(sqlite3.connect(file)) as other:
        store.ready()
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreError, match="locked"):
            store.ready()
        assert time.monotonic() - began < 10
        other.rollback()
        store.ready()


def test_a_file_that_is_gone_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with open_store(str(file)) as store:
        file.unlink()
        with pytest.raises(StoreError, match="gone"):
            store.ready()


def test_text_with_a_nul_is_kept_as_it_came(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "s.db")) as store:
        store.store(batch({1: trial(0).model_copy(update={"clip": "a\0b"})}))
        assert next(store.trials("s1"))["clip"] == "a\0b"
        assert [row["n"] for row in store.sums(Scope(session="s1"))] == [1]


def test_a_store_that_is_closed_ends_what_other_threads_read_of_it(tmp_path: Path) -> None:
    file = str(tmp_path / "s.db")
    with open_store(file) as store:
        store.store(batch({n + 1: trial(n) for n in range(2000)}))
    for _ in range(20):
        store = open_store(file)
        reads, reading = list[int](), threading.Event()

        def read(
            store: Store = store, reads: list[int] = reads, reading: threading.Event = reading
        ) -> None:
            while True:
                reads.append(len(list(store.trials("s1"))))
                reading.set()

        with ThreadPoolExecutor(2) as threads:
            ends = [threads.submit(read) for _ in range(2)]
            assert reading.wait(30)
            store.close()
            assert all(isinstance(end.exception(30), StoreError) for end in ends)
        assert set(reads) == {2000}
