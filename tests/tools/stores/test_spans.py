"""Sums over spans are those over their hours, whenever the spans were made."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.record import Batch, Record, Stamp
from tests.tools.stores.rows import PI, batch, trial
from tools.stores import HOUR_MS, Retention, Scope, Store, _hours, _spans, open_store
from tools.stores._spans import WIDEST, WIDTHS, pieces

NOW = int(time.time() * 1000)
SOME = st.one_of(st.none(), st.integers(0, 200))


@settings(max_examples=60)
@given(SOME, SOME, st.integers(0, 40), st.integers(0, 5))
def test_pieces_cover_each_hour_once_and_spans_only_where_they_are_made(
    first: int | None, last: int | None, six: int, two_days: int
) -> None:
    made = {WIDTHS[0]: six * WIDTHS[0], WIDTHS[1]: two_days * WIDTHS[1]}
    since = None if first is None else first * HOUR_MS
    until = None if last is None else last * HOUR_MS
    covered: list[int] = []
    for width, begin, end in pieces(since, until, made):
        start, stop = (begin or 0) // HOUR_MS, (300 * HOUR_MS if end is None else end) // HOUR_MS
        covered += range(start, stop)
        if width:
            assert end is not None
            assert end <= made[width]
            assert (begin or 0) % width == end % width == 0
    assert sorted(covered) == [*range(first or 0, 300 if last is None else last)]


def made(seq: int, made_ms: int) -> Batch:
    rows: dict[int, Record] = {seq: trial(seq)}
    plain = batch(rows, after=seq - 1)
    stamp = Stamp("boot", 5, made_ms, True)
    return Batch(plain.envelope, tuple(row._replace(stamp=stamp) for row in plain.rows))


def n(store: Store, since: int | None = None, until: int | None = None) -> int:
    return sum(row["n"] for row in store.sums(Scope(since_ms=since, until_ms=until)))


def hours(store: Store) -> dict[int, int]:
    return {row["hour"]: row["n"] for row in store.sums(by=["hour"])}


@pytest.mark.parametrize("fold_s", [0.0, float("inf")])
def test_sums_are_the_same_with_spans_and_without(
    store_url: str, monkeypatch: pytest.MonkeyPatch, fold_s: float
) -> None:
    """And whether what comes is added up at once or waits."""
    monkeypatch.setattr(_hours, "FOLD_S", 0.0)
    with open_store(store_url) as store:
        # The first is stored when no span was over, the others when those of a week were.
        with monkeypatch.context() as early:
            early.setattr(_spans, "is_due", lambda now, made: False)
            for seq in range(1, 41):
                store.store(made(seq, NOW - seq * 5 * HOUR_MS))
        store.store(made(41, NOW))
        assert {row["since_ms"] for row in store._db.select("SELECT * FROM kept")} == {
            (NOW - _spans.LATE_MS) // width * width for width in WIDTHS
        }
        monkeypatch.setattr(_hours, "FOLD_S", fold_s)
        for seq in range(42, 82):  # late ones
            store.store(made(seq, NOW - (seq - 41) * 5 * HOUR_MS))
        by_hour = hours(store)
        assert sum(by_hour.values()) == n(store) == 81
        for since, until in ((30, 100), (7, 8), (0, 150), (60, 61), (13, 205)):
            begin, end = (NOW - h * HOUR_MS for h in (until, since))
            first, last = begin // HOUR_MS * HOUR_MS, -(-end // HOUR_MS) * HOUR_MS
            inside = sum(count for hour, count in by_hour.items() if first <= hour < last)
            assert n(store, begin, end) == inside
        spans = list(
            store._db.select("SELECT sum(n) AS n FROM spans WHERE width = :w", {"w": WIDEST})
        )
        assert int(spans[0]["n"]) > (30 if fold_s else 50)
        store.rebuild()
        assert (hours(store), n(store)) == (by_hour, 81)


def test_pruned_rollups_are_pruned_from_hours_and_spans_alike(store_url: str) -> None:
    with open_store(store_url) as store:
        for seq in range(1, 60):
            store.store(made(seq, NOW - seq * 4 * HOUR_MS))
        gone = store.prune(Retention(rollups_days=3))
        assert gone["hourly"] > 0 < gone["spans"]
        assert not list(store._db.select("SELECT n FROM fresh_sums"))
        assert n(store) == sum(hours(store).values()) == 59 - gone["hourly"]


def test_what_another_writes_meanwhile_is_in_the_spans(store_url: str) -> None:
    with open_store(store_url) as one, open_store(store_url) as two:
        one.store(made(1, NOW - 100 * HOUR_MS))
        two.store(made(2, NOW - 100 * HOUR_MS))
        later: dict[str, Any] = {"stream": PI._replace(device="car")}
        two.store(batch({1: trial(1)}, **later))
        assert n(one, NOW - 110 * HOUR_MS, NOW - 90 * HOUR_MS) == 2
