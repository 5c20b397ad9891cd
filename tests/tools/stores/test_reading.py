"""What dashboards and alerts read of every kind of store: sums, devices, evidence, alerts."""

from __future__ import annotations

import base64
import threading
import time
from math import inf
from typing import Any

import pytest

from agent.errors import UsageError
from agent.record import (
    Batch,
    EvidenceRecord,
    GapRecord,
    HealthRecord,
    Record,
    Row,
    Stamp,
    Status,
    TrialRecord,
)
from tests.tools.stores.rows import PI, batch, end, start, trial
from tools.stores import (
    HOUR_MS,
    Contact,
    Letter,
    Place,
    Retention,
    Scope,
    Store,
    Stream,
    _pictures,
    open_store,
)

NOW = int(time.time() * 1000)
DAY = 24 * HOUR_MS
CAR = Stream("road", "car", "e9")


def sent(
    rows: dict[int, Record], made_ms: int, after: int = 0, stream: Stream = PI, synced: bool = True
) -> Batch:
    """Rows made at one time by the device's clock."""
    plain = batch(rows, after=after, stream=stream)
    stamp = Stamp("boot", 5, made_ms, synced)
    return Batch(plain.envelope, tuple(row._replace(stamp=stamp) for row in plain.rows))


def evidence(frame: int, session: str = "s1", severity: float = 0.5) -> EvidenceRecord:
    clean, perturbed = (base64.b64encode(b"jpeg %d" % n).decode() for n in (frame, -frame))
    return EvidenceRecord(
        session=session,
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=severity,
        width_px=32,
        height_px=24,
        clean=clean,
        perturbed=perturbed,
    )


@pytest.fixture
def filled(store_url: str) -> Any:
    """Two devices: one with two sessions of two models over two days, one in another site."""
    with open_store(store_url) as store:
        newer = start("s2").model_copy(update={"model_sha256": "ff", "model_name": "newer"})
        hour = NOW // HOUR_MS * HOUR_MS
        store.store(sent({1: start(), 2: trial(0), 3: trial(1), 4: end(2)}, hour - DAY))
        store.store(sent({5: newer, 6: trial(0, "s2"), 7: trial(1, "s2", 1.0)}, hour, after=4))
        other: dict[int, Record] = {1: trial(0, "s9").model_copy(update={"level": 3})}
        store.store(sent(other, hour, stream=CAR))
        yield store


def ns(store: Store, by: list[str], **scope: Any) -> dict[Any, int]:
    found = store.sums(Scope(**scope), by)
    return {tuple(row[name] for name in by) if by else (): row["n"] for row in found}


def test_sums_are_made_by_whatever_is_asked_for(filled: Store) -> None:
    hour = NOW // HOUR_MS * HOUR_MS
    assert ns(filled, []) == {(): 5}
    assert ns(filled, ["site", "device"]) == {("lab", "pi"): 4, ("road", "car"): 1}
    assert ns(filled, ["hour"]) == {(hour - DAY,): 2, (hour,): 3}
    assert ns(filled, ["model"]) == {(None,): 1, ("ab",): 2, ("ff",): 2}
    assert ns(filled, ["session", "severity"]) == {
        ("s1", 0.5): 2,
        ("s2", 0.5): 1,
        ("s2", 1.0): 1,
        ("s9", 0.5): 1,
    }
    assert ns(filled, ["condition", "level"]) == {("fog", None): 4, ("fog", 3): 1}


def test_sums_are_restricted_by_each_part_of_a_scope(filled: Store) -> None:
    hour = NOW // HOUR_MS * HOUR_MS
    assert ns(filled, [], site="lab") == {(): 4}
    assert ns(filled, [], site="road", device="car") == {(): 1}
    assert ns(filled, [], session="s2") == {(): 2}
    assert ns(filled, [], model="ab") == {(): 2}
    assert ns(filled, ["model"], model="ff", since_ms=hour) == {("ff",): 2}
    assert ns(filled, [], condition="rain") == ns(filled, ["hour"], site="nowhere") == {}
    assert ns(filled, [], since_ms=hour + 5) == {(): 3}
    assert ns(filled, [], until_ms=hour) == {(): 2}
    assert ns(filled, [], until_ms=hour + 1) == {(): 5}


def test_sums_hold_all_that_is_counted(filled: Store) -> None:
    (row,) = filled.sums(Scope(session="s1"))
    assert row == {
        **dict.fromkeys(("n", "clean_seen", "flips", "truth", "truth_seen"), 2),
        "perturbed_seen": 0,
        "drops": 0,
        "drop_sum": 0.0,
        **dict.fromkeys(("scenes", "scenes_seen", "scene_flips"), 1),
    }
    assert all(type(value) in (int, float) for value in row.values())
    with pytest.raises(UsageError, match="colour"):
        filled.sums(by=["colour"])


def test_what_came_twice_is_summed_once(filled: Store) -> None:
    filled.store(sent({2: trial(0), 3: trial(1)}, NOW, after=1))
    both = [sent({8: trial(5, "s2")}, NOW, after=7), sent({8: trial(5, "s2")}, NOW, after=7)]
    assert [answer.new for answer in filled.store_all(both)] == [1, 0]
    assert ns(filled, ["session"])[("s1",)] == 2
    assert ns(filled, ["session"])[("s2",)] == 3


def test_rollups_made_anew_are_what_they_were(filled: Store) -> None:
    keys = ["hour", "site", "device", "session", "condition", "severity", "level"]
    filled.store(sent({9: HealthRecord(session="s2", readings={"fps": 9.0})}, NOW, after=7))
    before = list(filled.sums(by=keys)), list(filled.readings()), list(filled.sessions())
    filled.rebuild()
    assert (list(filled.sums(by=keys)), list(filled.readings()), list(filled.sessions())) == before


@pytest.mark.parametrize(
    ("stamp", "made"),
    [
        (Stamp("b", 900, NOW - 5000, True), NOW - 5000),
        (Stamp("b", 900, NOW - 5000, False), NOW - 100),
        (Stamp("b", 900, NOW + 60_000, True), NOW - 100),
        (Stamp("b", 900, NOW - 401 * DAY, True), NOW - 100),
        (Stamp("b", 2000, 7, False), NOW),
        (Stamp("another", 900, 7, False), NOW),
    ],
    ids=["synced", "not synced", "ahead", "years behind", "later than sent", "another boot"],
)
def test_a_row_was_made_when_a_good_clock_says_so(store_url: str, stamp: Stamp, made: int) -> None:
    with open_store(store_url) as store:
        plain = batch({1: trial(0)})
        said = plain.envelope.model_copy(update={"monotonic_ms": 1000})
        row = plain.rows[0]._replace(stamp=stamp)
        store.store_all([Batch(said, (row,))], [Contact("lab", "pi", NOW, None, False)])
        assert next(store.trials("s1"))["at_ms"] == made
        assert next(store.sums(by=["hour"]))["hour"] == made // HOUR_MS * HOUR_MS


def test_a_device_has_its_last_word_its_session_and_its_health(filled: Store) -> None:
    filled.status(Status(site="lab", device="pi", state="online", session="s2", version="1"))
    filled.store_all(
        [sent({8: HealthRecord(session="s2", readings={"fps": 9.5})}, NOW - 7, after=7)],
        [Contact("lab", "pi", NOW, -3, True)],
    )
    gap = GapRecord(epoch="e1", first=90, last=99, rows=10, trials=4, why="full")
    filled.store(sent({9: gap}, NOW, after=8))
    pi, car = filled.devices()
    known = {
        "site": "lab",
        "device": "pi",
        "state": "online",
        "session": "s2",
        "version": "1",
        "seen_ms": NOW,
        "skew_ms": -3,
        "synced": True,
        "model_name": "newer",
        "model_sha256": "ff",
        "profile": "generic",
        "suite": "quick",
        "camera": "drive_by",
        "readings": {"fps": 9.5},
        "readings_ms": NOW - 7,
        "lost_rows": 10,
        "lost_trials": 4,
    }
    assert {name: pi[name] for name in known} == known
    assert pi["started_ms"] == NOW // HOUR_MS * HOUR_MS
    assert (car["site"], car["device"]) == ("road", "car")
    assert car["state"] is car["session"] is car["model_name"] is car["readings_ms"] is None
    assert (car["readings"], car["lost_rows"]) == ({}, 0)
    assert pi.keys() == car.keys()


def test_health_is_summed_by_the_hour(store_url: str) -> None:
    with open_store(store_url) as store:
        for number, warm in enumerate((40.0, 60.0, 50.0), 1):
            health = HealthRecord(session="s1", readings={"temperature_c": warm, "fps": 1.0})
            store.store(sent({number: health}, NOW - DAY, after=number - 1))
        fps, temperature = store.readings(Scope(site="lab", device="pi"))
        assert fps["name"] == "fps"
        assert {**temperature, "hour": 0} == {
            "hour": 0,
            "name": "temperature_c",
            "n": 3,
            "total": 150.0,
            "low": 40.0,
            "high": 60.0,
        }
        assert list(store.readings(Scope(site="x"))) == []
        rows = list(store.health("lab", "pi", since_ms=NOW - DAY))
        assert [row["readings"]["temperature_c"] for row in rows] == [40.0, 60.0, 50.0]
        assert list(store.health("lab", "pi", since_ms=NOW)) == []


def test_evidence_comes_newest_first_with_its_trial(filled: Store) -> None:
    rows: dict[int, Record] = {8: trial(7, "s2"), 9: evidence(7, "s2"), 10: evidence(8, "s2", 1.0)}
    filled.store(sent(rows, NOW - 1, after=7))
    lone, known = filled.evidence()
    assert (known["site"], known["device"], known["stream"], known["seq"]) == (
        "lab",
        "pi",
        lone["stream"],
        9,
    )
    assert (known["frame"], known["model_name"], known["at_ms"]) == (7, "newer", NOW - 1)
    assert (known["clean_seen"], known["perturbed_seen"], known["flip"]) == (True, False, True)
    assert known["clean_confidence"] == 0.9
    assert lone["flip"] is lone["clean_label"] is lone["target_box"] is None
    assert not {"clean", "perturbed", "trial"} & known.keys()
    assert filled.picture(known["stream"], 9) == {"clean": b"jpeg 7", "perturbed": b"jpeg -7"}
    assert filled.picture(known["stream"], 8) is None


def test_evidence_is_filtered_and_goes_on_page_by_page(filled: Store) -> None:
    for frame in range(5):
        rows: dict[int, Record] = {8 + frame: evidence(frame, "s2", 0.25 * (frame % 2))}
        filled.store(sent(rows, NOW - 10 * (frame // 2), after=7 + frame))

    def frames(**given: Any) -> list[int]:
        return [row["frame"] for row in filled.evidence(**given)]

    assert frames() == [1, 0, 3, 2, 4]
    assert frames(severity=0.25) == [1, 3]
    assert frames(scope=Scope(model="ff", condition="fog", session="s2"), limit=2) == [1, 0]
    assert frames(scope=Scope(model="ab")) == frames(scope=Scope(site="road", device="car")) == []
    page, pages = list(filled.evidence(limit=2)), list[int]()
    while page:
        pages += [row["frame"] for row in page]
        last = page[-1]
        before = Place(last["at_ms"], last["stream"], last["seq"])
        page = list(filled.evidence(limit=2, before=before))
    assert pages == frames()


def test_evidence_of_trials_within_bands_is_sought_a_part_at_a_time(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pictures, "LOOKED_AT", 3)
    for frame, (width, distance) in enumerate([(20.0, 40.0), (16.0, None), (32.0, 5.0)] * 2):
        seen = trial(frame, "s2").model_copy(update={"width_px": width, "distance_m": distance})
        rows: dict[int, Record] = {8 + 2 * frame: seen, 9 + 2 * frame: evidence(frame, "s2")}
        filled.store(sent(rows, NOW - 10 + frame, after=7 + 2 * frame))
    filled.store(sent({20: evidence(6, "s2")}, NOW - 1, after=19))  # its trial is not there

    def sought(before: Place | None = None, **bands: tuple[float, float]) -> list[int]:
        found = filled.evidence(Scope(session="s2"), before=before, bands=bands)
        return [row["frame"] for row in found]

    assert sought(size_px=(16, 32)) == [4], "16 is within, 32 is not; the newest three only"
    third = filled.evidence_looked_to(Scope(session="s2"))
    sixth = filled.evidence_looked_to(Scope(session="s2"), before=third)
    assert sought(third, size_px=(16, 32)) == [3, 1]
    assert sought(third, size_px=(16, 32), distance_m=(30, inf)) == [3]
    assert sought(third, distance_m=(0, 30)) == [2]
    assert sought(sixth, size_px=(0, inf)) == [0]
    assert filled.evidence_looked_to(Scope(session="s2"), before=sixth) is None
    (first,) = filled.evidence(before=sixth)
    assert (first["size_px"], first["distance_m"], first["width_px"]) == (20.0, 40.0, 32)


def test_gaps_and_letters_come_newest_first(filled: Store) -> None:
    for number in range(3):
        gap = GapRecord(epoch="e1", first=1, last=2, rows=number, trials=0, why="full")
        filled.store(sent({8 + number: gap}, NOW + number - 10, after=7 + number))
        filled.bury([Letter("t", b"\0%d" % number, "w\0hy")])
    assert [row["rows"] for row in filled.gaps()] == [2, 1, 0]
    assert [row["rows"] for row in filled.gaps(Scope(site="lab"), limit=1)] == [2]
    assert list(filled.gaps(Scope(site="road"))) == []
    letters = list(filled.letters(limit=2))
    assert [letter["payload"] for letter in letters] == [b"\0002", b"\0001"]
    (older,) = filled.letters(before=letters[-1]["id"])
    assert (older["payload"], older["why"], older["bytes"]) == (b"\0000", "w?hy", 2)


def test_sessions_are_found_by_scope(filled: Store) -> None:
    def names(**scope: Any) -> list[str]:
        return [row["session"] for row in filled.sessions(Scope(**scope))]

    assert names() == ["s1", "s2"]
    assert names(model="ff") == names(since_ms=NOW - HOUR_MS) == names(session="s2") == ["s2"]
    assert names(site="lab", device="pi", until_ms=NOW - HOUR_MS) == ["s1"]
    assert names(site="road") == []


def test_something_changes_whenever_something_is_stored(filled: Store) -> None:
    seen = filled.changes()
    assert filled.changes() == seen
    filled.store(sent({8: trial(5)}, NOW, after=7))
    assert filled.changes() != seen
    seen = filled.changes()
    filled.open_alert("r", "s", "low", "text", {}, NOW)
    assert filled.changes() != seen


def test_a_store_that_works_is_ready(filled: Store) -> None:
    filled.ready()


def test_many_threads_read_while_one_writes(filled: Store) -> None:
    counts, errors = list[int](), list[BaseException]()

    def read() -> None:
        try:
            for _ in range(20):
                (row,) = filled.sums(Scope(session="s2"))
                counts.append(row["n"])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for seq in range(8, 40):
        filled.store(sent({seq: trial(seq, "s2")}, NOW, after=seq - 1))
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(counts) == 120
    assert ns(filled, [], session="s2") == {(): 34}


def test_an_alert_is_opened_once_acknowledged_once_and_resolved_once(filled: Store) -> None:
    def opened(subject: str, at_ms: int, why: str = "x") -> int:
        return filled.open_alert("flips", subject, "warning", why, {"n": at_ms}, at_ms)

    one = opened("lab/pi", 100)
    assert opened("lab/pi", 200, "worse") == one
    two = opened("lab/car", 300)
    assert filled.acknowledge_alert(one, "ann", 400)
    assert not filled.acknowledge_alert(one, "bob", 500)
    assert filled.resolve_alert(two, 600)
    assert not filled.resolve_alert(two, 700)
    assert not filled.acknowledge_alert(two, "bob", 700)
    three = opened("lab/car", 800)
    assert len({one, two, three}) == 3
    found = [(row["id"], row["state"]) for row in filled.alerts()]
    assert found == [(three, "open"), (two, "resolved"), (one, "acknowledged")]
    (kept,) = filled.alerts("acknowledged")
    assert kept == {
        "id": one,
        "rule": "flips",
        "subject": "lab/pi",
        "severity": "warning",
        "opened_ms": 100,
        "last_ms": 200,
        "resolved_ms": None,
        "acknowledged_ms": 400,
        "acknowledged_by": "ann",
        "summary": "worse",
        "details": {"n": 200},
        "state": "acknowledged",
    }
    assert [row["id"] for row in filled.alerts(limit=1)] == [three]
    assert [row["id"] for row in filled.alerts(before=two)] == [one]
    with pytest.raises(UsageError, match="asleep"):
        filled.alerts("asleep")


def test_a_rule_remembers_until_it_forgets(store_url: str) -> None:
    with open_store(store_url) as store:
        store.remember("r", {"a": {"wealth": 1.5}, "b": {"since": 3}})
        store.remember("other", {"a": {"x": 1}})
        store.remember("r", {"b": {}, "c": {"since": 4}})
    with open_store(store_url) as store:
        assert store.recall("r") == {"a": {"wealth": 1.5}, "c": {"since": 4}}
        assert store.recall("none") == {}


def test_pruned_rows_are_neither_losses_nor_taken_again(store_url: str) -> None:
    with open_store(store_url) as store:
        old: dict[int, Record] = {1: start(), 2: trial(0), 3: trial(1), 4: evidence(1)}
        store.store(sent(old, NOW - 60 * DAY))
        health = HealthRecord(session="s1", readings={"fps": 2.0})
        store.store(sent({5: health, 6: trial(2)}, NOW - 40 * DAY, after=4))
        store.store(sent({7: trial(3), 8: end(4)}, NOW, after=6))
        gone = store.prune(Retention(trials_days=50, evidence_days=30, health_days=30))
        assert (gone["trials"], gone["evidence"], gone["health"]) == (2, 1, 1)
        assert [row["frame"] for row in store.trials("s1")] == [2, 3]
        again = [sent(old, NOW - 60 * DAY), sent({5: health, 6: trial(2)}, NOW, after=4)]
        assert [answer.new for answer in store.store_all(again)] == [0, 0]
        (session,) = store.sessions()
        assert (session["trials_stored"], session["trials_counted"]) == (4, 4)
        assert next(store.accounts()) == (PI, 8, ((1, 8),))
        assert ns(store, []) == {(): 4}
        store.rebuild()
        assert ns(store, []) == {(): 4}
        assert [row["trials_stored"] for row in store.sessions()] == [4]
        assert store.prune(Retention(rollups_days=30))["hourly"] == 2
        assert ns(store, []) == {(): 1}


def test_a_row_that_never_came_is_taken_though_later_ones_were_pruned(store_url: str) -> None:
    with open_store(store_url) as store:
        store.store(sent({5: trial(5)}, NOW - 60 * DAY, after=4))
        store.prune(Retention(trials_days=50))
        (answer,) = store.store_all([sent({2: trial(2), 5: trial(5)}, NOW - 60 * DAY, after=1)])
        assert (answer.new, answer.duplicates) == (1, 1)


def test_rows_of_an_unknown_kind_are_pruned_with_the_trials(store_url: str) -> None:
    with open_store(store_url) as store:
        plain = batch({})
        stamp = Stamp("boot", 5, NOW - 60 * DAY, True)
        store.store(Batch(plain.envelope, (Row(1, "dream", stamp, None, "{}"),)))
        assert store.prune(Retention(trials_days=50))["unknown_rows"] == 1
        assert store.store(Batch(plain.envelope, (Row(1, "dream", stamp, None, "{}"),))) == 1
        assert list(store.rows("unknown_rows")) == []


def test_trials_of_one_session_in_several_epochs_come_in_their_order(store_url: str) -> None:
    with open_store(store_url) as store:
        later = PI._replace(epoch="e2")
        store.store(batch({1: start(), 2: trial(0), 3: TrialRecord(**trial(1).model_dump())}))
        store.store(batch({1: trial(2), 2: trial(9, "s2"), 3: trial(3)}, stream=later))
        assert [row["frame"] for row in store.trials("s1")] == [0, 1, 2, 3]
        assert [row["trials_stored"] for row in store.sessions()] == [4]
