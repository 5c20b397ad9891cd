"""A fleet straight into a store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tools.fleet.account import Put
from tools.fleet.audit import _difference, audit
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
    at_once = _difference(put, 98, {"n": 88}, [1, 10, 9])  # 10 declared in 1 row, 7 of them arrived
    assert (at_once.lost, at_once.doubled, at_once.arrived, at_once.sums) == (0, 0, 7, {})
    assert _difference(put, 98, {"n": 89}, [1, 10, 9]).sums == {"n": 8}, "more than arrived"
    assert _difference(put, 102, {"n": 90}, [1, 10, 9]).doubled == 11


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
