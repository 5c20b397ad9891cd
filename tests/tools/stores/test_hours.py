"""What was counted is the same before and after it is added up."""

from __future__ import annotations

import threading

import pytest

from agent.record import Record
from tests.tools.stores.rows import PI, batch, trial
from tools.stores import Store, _hours, open_store


def counted(store: Store, table: str) -> int:
    (row,) = store._db.select(f"SELECT coalesce(sum(n), 0) AS n FROM {table}")
    return int(row["n"])


def test_sums_wait_until_there_are_many_and_count_meanwhile(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hours, "FOLD_ROWS", 7)
    seen = []
    with open_store(store_url) as store:
        for first in range(1, 31, 3):
            rows: dict[int, Record] = {seq: trial(seq) for seq in range(first, first + 3)}
            store.store(batch(rows, after=first - 1))
            (whole,) = store.sums()
            assert whole["n"] == first + 2 == sum(row["n"] for row in store.counts())
            assert counted(store, "hourly") + counted(store, "fresh_sums") == whole["n"]
            seen.append(counted(store, "fresh_sums"))
        assert 0 < max(seen) < 30
        assert seen.count(0) > 1, "the first commit, and again after some"
    with open_store(store_url) as store:
        store.store(batch({31: trial(31)}, after=30))
        assert counted(store, "hourly") == 31, "what an earlier process left is added up first"


def test_a_scene_that_goes_on_counts_once_over_a_restart(store_url: str) -> None:
    for first in (1, 4, 7):
        with open_store(store_url) as store:
            rows: dict[int, Record] = {
                seq: trial(seq, severity=severity)
                for seq, severity in zip(range(first, first + 3), (0.25, 0.5, 0.5), strict=True)
            }
            store.store(batch(rows, after=first - 1))
            store.store(batch({1: trial(1)}, stream=PI._replace(device=f"car-{first}")))
    with open_store(store_url) as store:
        told = list(store.sums(by=["device", "severity"]))
        assert [(row["n"], row["scenes"]) for row in told if row["device"] == "pi"] == [
            (3, 1),
            (6, 1),
        ]
        assert sum(row["scenes"] for row in told) == 5
        store.rebuild()
        assert list(store.sums(by=["device", "severity"])) == told


def test_sums_are_made_anew_only_when_nobody_else_adds_them_up(store_url: str) -> None:
    with open_store(store_url) as one, open_store(store_url) as other:
        one.store(batch({1: trial(1)}))
        one.store(batch({seq: trial(seq, "s2") for seq in range(2, 12)}, after=1))
        anew = threading.Thread(target=other.rebuild)
        with one._written():
            assert _hours.fold(one._db)
            anew.start()
            anew.join(0.5)
            assert anew.is_alive(), "it must not count what is being added up"
        anew.join(30)
        assert not anew.is_alive()
        assert [row["n"] for row in one.sums()] == [11]
        assert counted(one, "fresh_sums") == 0
