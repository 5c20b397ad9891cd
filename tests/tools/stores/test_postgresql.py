"""What only the store in PostgreSQL has: its server, its passwords, its weeks, two who open it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agent.errors import DataError, UsageError
from agent.record import Batch, Record, Row, Stamp
from tests.postgres import Server
from tests.tools.stores.rows import PI, batch, end, start, trial
from tools.report.stored import report_session
from tools.stores import Retention, _hours, open_store
from tools.stores._address import Address
from tools.stores._errors import PoisonError, StoreError
from tools.stores._hours import fold
from tools.stores._schema_postgresql import MIGRATIONS
from tools.stores._weeks import week_named, week_of, weeks_of

DAY = 86_400_000
NOW = int(time.time() * 1000)
ROOT = Path(__file__).resolve().parents[3]


def sql(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as db:
        done = db.execute(query.encode())
        return done.fetchall() if done.description else []


def made(rows: dict[int, Record], made_ms: int, after: int = 0) -> Batch:
    plain = batch(rows, after=after)
    stamp = Stamp("boot", 5, made_ms, True)
    return Batch(plain.envelope, tuple(row._replace(stamp=stamp) for row in plain.rows))


def test_text_with_a_nul_is_poison_and_the_rows_beside_it_are_not(postgres: str) -> None:
    with open_store(postgres) as store:
        nul = trial(1).model_copy(update={"clip": "a\0b"})
        with pytest.raises(PoisonError, match="0x00"):
            store.store(batch({1: trial(0), 2: nul}))
        assert store.highest_contiguous(PI) == 0
        assert store.store(batch({1: trial(0)})) == 1
        with pytest.raises(PoisonError, match="0x00"):
            store.store(
                Batch(batch({}).envelope, (Row(2, "dream", Stamp("b", 1, 2, True), None, "\0"),))
            )
        assert [row["n"] for row in store.sums()] == [1]


def test_what_grew_beside_an_old_snapshot_is_given_back(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hours, "FOLD_ROWS", 1)
    size = "SELECT pg_relation_size('fresh_sums')"
    with open_store(postgres) as store, psycopg.connect(postgres) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")  # as a dump does: from here on what it may see stays
        for seq in range(1, 200):
            store.store(batch({seq: trial(seq)}, after=seq - 1))
        ((grown,),) = sql(postgres, size)
        reader.rollback()
        store.store(batch({200: trial(200)}, after=199))
        assert sql(postgres, size) == [(grown,)], "little is kept for the rows to come"
        monkeypatch.setattr("tools.stores.postgresql._KEPT_BYTES", grown // 2)
        store.store(batch({201: trial(201)}, after=200))
        ((left,),) = sql(postgres, size)
        assert left < grown / 2
        assert [row["n"] for row in store.sums()] == [201]


def test_a_password_is_taken_from_a_file_and_shown_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "pass word"
    secret.write_text("hunter2\n", encoding="utf-8")
    url = f"postgresql://ann@127.0.0.1:1/db?password_file={secret}&connect_timeout=2"
    assert Address.parse(url).parameters["password"] == "hunter2"
    assert Address.parse(url).parameters["connect_timeout"] == "2"
    with pytest.raises(StoreError) as refused:
        open_store(url)
    said = f"{refused.value} {refused.value!r}"
    assert "ann@127.0.0.1:1/db" in said
    assert "hunter2" not in said
    for bad in ("postgresql://ann:hunter2@host/db", "postgresql://ann:hun@ter2@host:x/db"):
        with pytest.raises(UsageError) as error:
            open_store(bad)
        assert "hun" not in str(error.value)
        assert "passfile" in str(error.value)
    with pytest.raises(UsageError, match="cannot be read"):
        open_store("postgresql://ann@host/db?password_file=/nowhere")


def test_a_service_names_the_place_and_its_file_the_password(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(postgres)
    service = tmp_path / "services"
    names = ("host", "port", "user", "dbname")
    lines = [f"{name}={parts[name]}" for name in names]
    service.write_text("\n".join(["[here]", *lines, "password=hunter2", ""]), encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    with open_store("postgresql:///?service=here") as store:
        assert store.store(batch({1: trial(0)})) == 1


def test_without_its_driver_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from tools.stores import open_store\n"
        "from agent.errors import MissingExtra\n"
        "try: open_store('postgresql://host/db')\n"
        "except MissingExtra as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "needs the package psycopg" in said.stdout, said.stderr
    assert ".[server]" in said.stdout


def test_a_place_that_cannot_be_used_is_told_in_a_sentence(postgres_server: Server) -> None:
    with pytest.raises(StoreError, match=r"database \"nowhere\" does not exist"):
        open_store(postgres_server.url("nowhere"))
    with postgres_server.database("bare") as url:
        with pytest.raises(DataError, match="There is no store"):
            open_store(url, create=False)
        open_store(url).close()
        open_store(url, create=False).close()


def test_a_store_of_a_newer_version_is_refused(postgres_server: Server) -> None:
    with postgres_server.database("newer") as url:
        open_store(url).close()
        assert sql(url, "SELECT version FROM schema_version") == [(len(MIGRATIONS),)]
        sql(url, f"UPDATE schema_version SET version = {len(MIGRATIONS) + 1}")
        with pytest.raises(StoreError, match="newer"):
            open_store(url)


def test_processes_that_open_a_new_store_at_once_make_it_once(postgres_server: Server) -> None:
    with postgres_server.database("atonce") as url:
        errors = list[BaseException]()

        def opened() -> None:
            try:
                open_store(url).close()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=opened) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sql(url, "SELECT version FROM schema_version") == [(len(MIGRATIONS),)]


def test_trials_lie_in_a_table_for_each_week_and_old_weeks_go_whole(postgres: str) -> None:
    with open_store(postgres) as store, open_store(postgres) as collector:
        old = week_of(NOW - 60 * DAY)
        collector.store(made({1: start(), 2: trial(0), 3: trial(1)}, old.end - 5))
        collector.store(made({4: trial(2)}, NOW, after=3))
        assert sql(postgres, f"SELECT count(*) FROM {old.table}") == [(2,)]
        assert store.prune(Retention(trials_days=(NOW - old.end) / DAY + 1))["trials"] == 0
        assert store.prune(Retention(trials_days=(NOW - old.end) / DAY - 1))["trials"] == 2
        assert sql(postgres, f"SELECT to_regclass('{old.table}')") == [(None,)]
        # Whoever does not know yet that the week is gone is told, and makes it anew.
        late = made({5: trial(3)}, old.end - 5, after=4)
        with pytest.raises(StoreError, match="has changed"):
            collector.store(late)
        assert collector.store(late) == 5
        assert [row["frame"] for row in store.trials("s1")] == [2, 3]


def test_a_pruning_that_was_interrupted_is_finished_by_the_next(postgres: str) -> None:
    with open_store(postgres) as store:
        old = week_of(NOW - 60 * DAY)
        store.store(made({1: trial(0)}, old.first))
        sql(postgres, f"ALTER TABLE trials DETACH PARTITION {old.table} CONCURRENTLY")
        assert store.prune(Retention(trials_days=30))["trials"] == 1
        assert store.store(made({1: trial(0)}, old.first)) == 1
        assert list(store.trials("s1")) == []


def test_weeks_begin_on_mondays_and_are_known_by_name() -> None:
    week = week_of(NOW)
    monday = datetime.fromtimestamp(week.first / 1000, timezone.utc)
    assert (monday.weekday(), monday.hour) == (0, 0)
    assert week.first <= NOW < week.end == week_of(week.end).first
    assert week_named(week.table) == week
    assert week_named("trials_20261124") == week_named("trials_x") == None  # noqa: E711
    assert weeks_of([week.first, week.end - 1, week.end]) == {week, week_of(week.end)}


def test_rows_that_somebody_else_put_there_are_left_as_they_are(postgres: str) -> None:
    with open_store(postgres) as store:
        store.store(made({1: trial(0)}, NOW))
        sql(postgres, "UPDATE streams SET highest = 0, settled = '[]'")
        assert store.store(made({1: trial(0), 2: trial(1)}, NOW)) == 2
        sql(postgres, "UPDATE streams SET highest = 0, settled = '[]'")
        sql(postgres, "DELETE FROM trials WHERE seq = 2")
        assert store.store(made({2: trial(1)}, NOW, after=1)) == 0
        assert [row["seq"] for row in store.trials("s1")] == [1, 2]


def test_a_server_that_ends_is_an_error_and_comes_back_by_itself(own_postgres: Server) -> None:
    with open_store(own_postgres.url("fieldproof")) as store:
        store.store(batch({1: trial(0)}))
        assert [row["n"] for row in store.sums()] == [1]
        own_postgres.stop("immediate")
        for use in (
            lambda: store.store(batch({2: trial(1)}, after=1)),
            lambda: store.highest_contiguous(PI),
            lambda: list(store.sums()),
            store.ready,
            store.changes,
        ):
            with pytest.raises(StoreError, match="fieldproof"):
                use()
        own_postgres.start()
        assert store.store(batch({1: trial(0), 2: trial(1)})) == 2
        assert [row["n"] for row in store.sums()] == [2]
        store.ready()
        _freeze(store, own_postgres)


def _freeze(store: Any, server: Server) -> None:
    """A server stopped in its tracks says neither yes nor no, and it is not ready then."""
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(StoreError, match="does not answer"):
                store.ready()
        assert time.monotonic() - began < 10
    finally:
        os.kill(pid, signal.SIGCONT)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            store.ready()
            break
        except StoreError:
            time.sleep(0.1)
    store.ready()


def test_a_store_that_can_only_be_read_is_not_ready_and_takes_nothing(postgres: str) -> None:
    with open_store(postgres) as store:
        store.store(batch({1: trial(0)}))
        read_only = f"{postgres}?options=-c%20default_transaction_read_only%3Don"
        with open_store(read_only) as standby:
            assert [row["n"] for row in standby.sums()] == [1]
            with pytest.raises(StoreError, match="only be read"):
                standby.ready()
            with pytest.raises(StoreError, match="read-only"):
                standby.store(batch({2: trial(1)}, after=1))


def test_what_another_holds_too_long_is_no_poison(postgres: str) -> None:
    with open_store(postgres) as store, psycopg.connect(postgres) as other:
        store.store(batch({1: trial(0)}))
        impatient = f"{postgres}?options=-c%20lock_timeout%3D100"
        other.execute("SELECT id FROM streams FOR UPDATE")
        with open_store(impatient) as waiting:
            with pytest.raises(StoreError, match="lock timeout"):
                waiting.store(batch({2: trial(1)}, after=1))
            other.rollback()
            assert waiting.store(batch({2: trial(1)}, after=1)) == 2


def test_writers_at_once_count_each_row_once(postgres: str) -> None:
    errors = list[BaseException]()

    def write() -> None:
        try:
            with open_store(postgres) as store:
                for first in range(1, 200, 20):
                    rows: dict[int, Record] = {n: trial(n) for n in range(first, first + 20)}
                    store.store_all(
                        [
                            batch(rows, after=first - 1, stream=PI._replace(device=device))
                            for device in ("a", "b", "c")
                        ]
                    )
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(postgres) as store:
        assert errors == []
        assert [row["n"] for row in store.sums(by=["device"])] == [200, 200, 200]
        assert sql(postgres, "SELECT count(*) FROM trials") == [(600,)]


def test_a_report_is_made_from_it(postgres: str, tmp_path: Path) -> None:
    with open_store(postgres) as store:
        store.store(batch({1: start(), **{n: trial(n) for n in range(2, 12)}, 12: end(10)}))
    results = report_session(postgres, None, tmp_path / "report.html", "fieldproof report")
    assert (results.clean.n, results.conditions[0].flips) == (10, 10)
    assert "All 10 trials that the agent counted are stored" in (
        tmp_path / "report.html"
    ).read_text(encoding="utf-8")


def test_what_comes_while_another_adds_up_is_counted_once_and_nobody_waits(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(postgres) as one, open_store(postgres) as two:
        one.store(batch({1: trial(1)}))
        one.store(batch({2: trial(2)}, after=1))
        with one._db.transaction():
            assert fold(one._db)
            monkeypatch.setattr(_hours, "FOLD_S", 0.0)
            two.store(batch({1: trial(1)}, stream=PI._replace(device="car")))
            (before,) = two.sums()
        (after,) = two.sums()
        assert before["n"] == after["n"] == 3
        two.store(batch({2: trial(2)}, stream=PI._replace(device="car"), after=1))
        assert [row["n"] for row in two.sums()] == [4]
        assert not list(two._db.select("SELECT n FROM fresh_sums"))
