"""Every kind of store keeps each row once, and can be read while it is written."""

from __future__ import annotations

import json

import pytest

from agent.record import Batch, GapRecord, HealthRecord, PhantomRecord, Record, Row, Status
from tests.tools.stores.rows import AT, PI, batch, end, start, trial
from tools.stores import Contact, Letter, open_store


def test_a_row_is_stored_once_and_survives_reopening(store_url: str) -> None:
    url = store_url
    with open_store(url) as store:
        assert store.store(batch({1: start(), 2: trial(0), 3: trial(1)})) == 3
        (answer,) = store.store_all([batch({2: trial(0), 3: trial(1), 4: trial(2)}, after=1)])
        assert (answer.new, answer.duplicates, answer.contiguous) == (1, 2, 4)
    with open_store(url) as store:
        assert store.highest_contiguous(PI) == 4
        assert [row["frame"] for row in store.trials("s1")] == [0, 1, 2]


def test_a_trial_is_read_as_it_was_written(store_url: str) -> None:
    with open_store(store_url) as store:
        store.store(batch({1: trial(7)}))
        (read,) = store.trials("s1")
        assert read["parts"] == '[["fog", 0.5], ["rain", 0.25]]'
        assert (read["seq"], read["wall_ms"]) == (1, 1000)
        written = trial(7).model_dump(exclude={"parts"})
        assert {name: read[name] for name in written} == written


def test_every_kind_of_record_has_its_table(store_url: str) -> None:
    with open_store(store_url) as store:
        rows: dict[int, Record] = {
            1: PhantomRecord(session="s1", frame=1, clip="c", count=2),
            2: HealthRecord(session="s1", readings={"fps": 9.5}),
            3: GapRecord(epoch="e1", first=1, last=2, rows=2, trials=1, why="full"),
        }
        assert store.store(batch(rows)) == 3
        assert next(store.rows("phantoms"))["count"] == 2
        assert next(store.rows("health"))["readings"] == '{"fps": 9.5}'
        assert next(store.rows("gaps"))["why"] == "full"


def test_collections_are_stored_as_json_whether_empty_or_not(store_url: str) -> None:
    with open_store(store_url) as store:
        plain = trial(0).model_copy(update={"parts": ()})
        bare = start("s2").model_copy(update={"versions": {}})
        store.store(batch({1: plain, 2: trial(1), 3: start(), 4: bare}))
        assert [json.loads(row["parts"]) for row in store.trials("s1")] == [
            [],
            [["fog", 0.5], ["rain", 0.25]],
        ]
        kept = [json.loads(row["versions"]) for row in store.sessions()]
        assert kept == [{"fieldproof": "0.1.0"}, {}]


def test_sessions_say_what_was_counted_and_what_was_stored(store_url: str) -> None:
    with open_store(store_url) as store:
        store.store(batch({1: start(), 2: trial(0), 3: trial(1)}))
        (running,) = store.sessions()
        assert (running["trials_stored"], running["trials_counted"]) == (2, None)
        store.store(batch({4: end(3)}, after=3))
        (ended,) = store.sessions()
        assert (ended["trials_stored"], ended["trials_counted"]) == (2, 3)
        assert (ended["site"], ended["device"], ended["model_name"]) == ("lab", "pi", "stop")


def test_counts_are_per_condition_and_severity(store_url: str) -> None:
    with open_store(store_url) as store:
        store.store(batch({1: trial(0), 2: trial(1), 3: trial(0, "s2"), 4: trial(0, "s1", 1.0)}))
        assert [(row["severity"], row["n"], row["flips"]) for row in store.counts("s1")] == [
            (0.5, 2, 2),
            (1.0, 1, 1),
        ]
        assert [row["n"] for row in store.counts()] == [3, 1]


def test_the_same_numbers_of_another_epoch_site_or_device_are_other_rows(store_url: str) -> None:
    with open_store(store_url) as store:
        streams = [PI, PI._replace(epoch="e2"), PI._replace(site="x"), PI._replace(device="y")]
        for stream in streams:
            (answer,) = store.store_all([batch({1: trial(0)}, stream=stream)])
            assert answer.new == 1
        assert len(list(store.trials("s1"))) == 4


def test_a_new_store_takes_a_devices_word_for_what_was_receipted_before(store_url: str) -> None:
    with open_store(store_url) as store:
        assert store.store(batch({601: trial(1)}, after=600, floor=501)) == 500
        assert store.store(batch({501: trial(0), 600: trial(0)}, after=500, floor=501)) == 601


def test_rows_of_an_unknown_kind_are_kept_as_they_came_and_once(store_url: str) -> None:
    with open_store(store_url) as store:
        known = batch({1: trial(0)})
        newer = Batch(known.envelope, (*known.rows, Row(2, "dream", AT, None, '{"of": "sheep"}')))
        assert store.store(newer) == 2
        (again,) = store.store_all([newer])
        assert (again.new, again.duplicates) == (0, 2)
        (kept,) = store.rows("unknown_rows")
        assert (kept["device"], kept["seq"], kept["wall_ms"]) == ("pi", 2, 1000)
        assert (kept["kind"], kept["body"]) == ("dream", '{"of": "sheep"}')
        assert next(store.accounts()) == (PI, 2, ((1, 2),))


def test_a_late_will_of_an_older_session_is_ignored(store_url: str) -> None:
    with open_store(store_url) as store:

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


def test_dead_letters_are_bounded_in_size(store_url: str) -> None:
    with open_store(store_url) as store:
        store.bury([Letter("t", b"x" * 100_000, "too large")])
        (letter,) = store.rows("dead_letters")
        assert (letter["bytes"], len(letter["payload"])) == (100_000, 16 << 10)


def test_two_writers_of_one_store_never_forget_what_the_other_settled(store_url: str) -> None:
    url = store_url
    with open_store(url) as one, open_store(url) as two:
        assert one.store(batch({1: trial(1)})) == 1
        assert two.store(batch({2: trial(2)}, after=1)) == 2
        assert one.store(batch({3: trial(3)}, after=2)) == 3
        (again,) = two.store_all([batch({1: trial(1)})])
        assert (again.new, again.duplicates, again.contiguous) == (0, 1, 3)
        assert one.highest_contiguous(PI) == two.highest_contiguous(PI) == 3


def test_rows_that_another_device_sends_under_a_session_are_not_counted_with_it(
    store_url: str,
) -> None:
    thief = PI._replace(device="thief")
    with open_store(store_url) as store:
        store.store(batch({1: start(), 2: trial(0), 3: end(1)}))
        store.store(batch({1: trial(8), 2: trial(9), 3: end(77)}, stream=thief))
        (session,) = store.sessions()
        assert (session["trials_stored"], session["trials_counted"]) == (1, 1)
        assert [row["frame"] for row in store.trials("s1", "lab", "pi")] == [0]


def test_a_contact_keeps_the_latest_sign_of_life_and_the_last_known_clock(store_url: str) -> None:
    with open_store(store_url) as store:

        def heard(seen: int, skew: int | None, synced: bool) -> tuple[int, int | None, int]:
            store.store_all([], [Contact("lab", "pi", seen, skew, synced)])
            (row,) = store.rows("contacts")
            return row["seen_ms"], row["skew_ms"], row["synced"]

        assert heard(100, None, False) == (100, None, 0)
        assert heard(200, -5, True) == (200, -5, 1)
        assert heard(300, None, False) == (300, -5, 1)
        assert heard(250, 7, False) == (300, 7, 0)


def test_dead_letters_are_counted_by_topic_with_the_last_reason(store_url: str) -> None:
    with open_store(store_url) as store:
        for topic, why in (("a", "first"), ("b", "other"), ("a", "last")):
            store.bury([Letter(topic, b"x", why)])
        assert [(r["topic"], r["letters"], r["why"]) for r in store.dead_letters()] == [
            ("a", 2, "last"),
            ("b", 1, "other"),
        ]


def test_dead_letters_are_bounded_in_number(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.stores._writing.MOST_DEAD_LETTERS", 5)
    with open_store(store_url) as store:
        for number in range(20):
            store.bury([Letter("t", b"%d" % number, "why")])
        assert [row["payload"] for row in store.rows("dead_letters")] == [
            b"15", b"16", b"17", b"18", b"19",
        ]  # fmt: skip
