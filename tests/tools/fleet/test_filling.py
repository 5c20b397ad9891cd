"""A fleet straight into a store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.record import GapRecord, Record
from tests.tools.stores.rows import batch, trial
from tools.fleet.account import Account, Put
from tools.fleet.audit import Difference, GivenUp, _difference, audit
from tools.fleet.filling import fill
from tools.fleet.life import Counts, Gallery
from tools.fleet.plan import Plan
from tools.stores import open_store


def test_a_filled_store_holds_what_was_put_and_says_what_was_given_up(
    tmp_path: Path, plan: Plan, blank: Gallery
) -> None:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        account = fill(store, plan, blank)
        found = audit(store, account)
        states = [device["state"] for device in store.devices()]
        skews = {device["skew_ms"] for device in store.devices()}
    assert account.over
    assert account.total("trials") == 3000
    assert not found.differences
    assert found.given_up > 0
    assert sorted(states) == ["offline", *["online"] * 4]
    assert len(skews) == 2
    with closing(sqlite3.connect(tmp_path / "store.db")) as db:
        trials, flips = db.execute("SELECT count(*), sum(flip) FROM trials").fetchone()
        lost = db.execute("SELECT sum(trials) FROM gaps").fetchone()[0]
    assert trials + lost == 3000
    assert account.total("flips") - lost <= flips <= account.total("flips")


def test_the_same_fleet_twice_is_stored_once(tmp_path: Path, plan: Plan, blank: Gallery) -> None:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        fill(store, plan, blank)
        assert not audit(store, fill(store, replace(plan), blank)).differences


def test_rows_that_were_given_up_while_they_were_under_way_are_not_doubled() -> None:
    put = Put("lab", "pi", "e", put=Counts(rows=100, trials=90))
    # 10 were declared in 1 row, and 7 of them arrived, 6 of them trials.
    given = GivenUp(1, 10, 9, 7, (6, 6))
    assert _difference(put, 98, {"n": 87}, given) == Difference("lab", "pi", 0, 0, {})
    assert _difference(put, 98, {"n": 88}, given).sums == {"n": 1}
    assert _difference(put, 99, {"n": 87}, given).doubled == 1
    assert _difference(put, 97, {"n": 87}, given).lost == 1
    unsure = given._replace(arrived_trials=(0, 7))  # where a gap leaves rows out
    assert [n for n in range(100) if not _difference(put, 98, {"n": n}, unsure).sums] == [
        *range(81, 89)
    ]


@pytest.mark.parametrize("seq", [6, 9])
def test_what_arrived_of_a_gap_is_counted_in_the_store(tmp_path: Path, seq: int) -> None:
    counts = Counts(rows=12, trials=12)
    account = Account(Plan(devices=1), (Put("lab", "pi", "e1", put=counts),), 0.0)
    gap = GapRecord(epoch="e1", first=5, last=10, rows=6, trials=6, why="full")
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        rows: dict[int, Record] = {n: trial(n) for n in (1, 2, 3, 4, 11, 12)}
        store.store(batch(rows | {10: gap}))
        assert not audit(store, account).differences
        store.store(batch({seq: trial(seq)}))
        found = audit(store, account)
        assert (found.rows, found.given_up, found.arrived) == (8, 6, 1)
        assert not found.differences
    with closing(sqlite3.connect(tmp_path / "store.db")) as db:
        db.execute("UPDATE streams SET stored = stored + 2")
        db.execute("UPDATE hourly SET n = n + 3")
        db.execute("UPDATE fresh_sums SET n = n + 3")
        db.commit()
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        assert audit(store, account).doubled == 2


def test_a_row_that_a_gap_left_out_and_that_is_not_there_is_lost(tmp_path: Path) -> None:
    put = Put("lab", "pi", "e1", put=Counts(rows=10, trials=10))
    account = Account(Plan(devices=1), (put,), 0.0)
    gap = GapRecord(epoch="e1", first=5, last=10, rows=4, trials=4, why="full")
    rows: dict[int, Record] = {seq: trial(seq) for seq in (1, 2, 3, 4, 6)}  # and not 8
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        store.store(batch(rows | {10: gap}))
        assert audit(store, account).lost == 1
        store.store(batch({8: trial(8)}))
        assert not audit(store, account).differences


@pytest.mark.parametrize(
    ("harm", "lost", "doubled", "sums"),
    [
        ("UPDATE streams SET stored = stored - 7 WHERE id = 1", 7, 0, False),
        ("UPDATE streams SET stored = stored + 3 WHERE id = 2", 0, 3, False),
        ("UPDATE hourly SET n = n + 1", 0, 0, True),
        ("UPDATE hourly SET flips = flips + 1", 0, 0, True),
    ],
)
def test_an_audit_finds_what_is_missing_and_what_is_counted_wrong(
    tmp_path: Path, plan: Plan, blank: Gallery, harm: str, lost: int, doubled: int, sums: bool
) -> None:
    place = tmp_path / "store.db"
    with open_store(f"sqlite:///{place}") as store:
        account = fill(store, plan, blank)
    with closing(sqlite3.connect(place)) as db:
        db.execute(harm)
        db.commit()
    with open_store(f"sqlite:///{place}") as store:
        found = audit(store, account)
    assert (found.lost, found.doubled) == (lost, doubled)
    assert any(item.sums for item in found.differences) == sums
