"""What was counted is the same before and after it is added up."""

from __future__ import annotations

import pytest

from agent.record import Record
from tests.tools.stores.rows import batch, trial
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
