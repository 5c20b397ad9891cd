"""What is missing is seen, and whether the device has said so."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.record import (
    Batch,
    Envelope,
    GapRecord,
    HealthRecord,
    Record,
    Row,
    SessionEndRecord,
    SessionRecord,
    Stamp,
    Status,
    Topic,
    TrialRecord,
)
from tools.status.command import age, print_status, status_json
from tools.status.devices import Device, survey
from tools.stores import Contact, Letter, Store, Stream, open_store

PI = Stream("lab", "pi", "e1")
AT = Stamp("boot", 5, 1000, True)


def batch(rows: dict[int, Record], after: int, floor: int = 1, stream: Stream = PI) -> Batch:
    envelope = Envelope(
        **stream._asdict(), after=after, floor=floor, boot="b", monotonic_ms=1, wall_ms=2
    )
    return Batch(envelope, tuple(Row.of(seq, AT, row) for seq, row in rows.items()))


def trials(*seqs: int) -> dict[int, Record]:
    return {
        seq: TrialRecord(
            session="s1",
            frame=seq,
            clip="drive",
            target="stop sign",
            condition="fog",
            severity=0.5,
            clean_seen=True,
            perturbed_seen=True,
            flip=False,
        )
        for seq in seqs
    }


def start() -> SessionRecord:
    return SessionRecord(
        session="s1",
        model_name="stop",
        model_sha256="ab",
        model_kind="ssd",
        model_labels=2,
        profile="generic",
        config_sha256="cd",
        suite="quick",
        camera="drive_by",
    )


def end(counted: int) -> SessionEndRecord:
    return SessionEndRecord(
        session="s1", frames=3, inferences=9, trials=counted, flips=0, phantoms=0, why="done"
    )


def lost(first: int, last: int, count: int, epoch: str = "e1") -> GapRecord:
    return GapRecord(
        epoch=epoch, first=first, last=last, rows=count, trials=count, why="it was full"
    )


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/s.db".replace("///", "////", 1)


def only(store: Store) -> Device:
    ((device,), _) = survey(store)
    return device


def test_a_device_that_lost_nothing_has_no_gaps(place: str) -> None:
    with open_store(place) as store:
        store.store(batch({1: start(), **trials(2, 3), 4: end(2)}, after=0))
        device = only(store)
    assert (device.rows, device.rows_missing, device.rows_unexplained) == (4, 0, 0)
    assert (device.trials_counted, device.trials_stored, device.trials_unaccounted) == (2, 2, 0)
    assert device.gaps == device.holes == []


def test_a_declared_gap_is_told_from_a_hole(place: str) -> None:
    with open_store(place) as store:
        store.store(batch({1: start(), **trials(2, 3)}, after=0))
        store.store(batch({**trials(10), 11: lost(4, 9, 6), 12: end(9)}, after=3))
        declared = only(store)
        store.store(batch(trials(20, 21), after=19))
        holed = only(store)
    assert (declared.rows_declared, declared.trials_declared, declared.rows_missing) == (6, 6, 0)
    assert (declared.rows_unexplained, declared.trials_unaccounted) == (0, 0)
    assert [(gap.first, gap.last, gap.why) for gap in declared.gaps] == [(4, 9, "it was full")]
    assert holed.rows_missing == 7
    assert [(hole.epoch, hole.first, hole.last) for hole in holed.holes] == [("e1", 13, 19)]


def test_a_hole_before_the_first_row_is_seen_and_closes_when_the_rows_come(place: str) -> None:
    with open_store(place) as store:
        store.store(batch(trials(3, 4), after=2))
        assert [(hole.first, hole.last) for hole in only(store).holes] == [(1, 2)]
        store.store(batch(trials(1, 2), after=0))
        assert only(store).holes == []


def test_what_was_freed_without_being_stored_is_not_passed_over(place: str) -> None:
    """A device that takes the broker's word moves its floor on, whatever became of the rows."""
    with open_store(place) as store:
        store.store(batch({1: start(), **trials(2)}, after=0))
        store.store(batch({50: end(30)}, after=49, floor=50))
        device = only(store)
    assert (device.rows_missing, device.rows_unexplained) == (0, 47)
    assert device.trials_unaccounted == 29


def test_a_gap_of_an_older_epoch_is_counted_there(place: str) -> None:
    with open_store(place) as store:
        store.store(batch(trials(1, 2), after=0))
        store.store(batch({1: lost(3, 9, 7)}, after=0, stream=PI._replace(epoch="e2")))
        device = only(store)
    assert (device.epochs, device.rows, device.rows_declared) == (2, 3, 7)
    assert device.rows_unexplained == 0


def test_what_is_said_and_heard_of_a_device_is_shown(place: str) -> None:
    now = int(time.time() * 1000)
    with open_store(place) as store:
        said = Status(site="lab", device="pi", state="online", session="abcdef0123", version="1.2")
        store.status(said, Contact("lab", "pi", now - 30_000, None, False))
        store.store_all(
            [batch(trials(1), after=0)], [Contact("lab", "pi", now - 20_000, 90_000, True)]
        )
        store.bury([Letter(str(Topic("lab", "pi", "records")), b"x", "of no use")])
        store.bury([Letter(str(Topic("lab", "nobody", "records")), b"x", "of no use")])
        store.bury([Letter("elsewhere", b"x", "of no use")])
    (device,) = status_json(place)["devices"]
    assert (device["state"], device["session"], device["version"]) == (
        "online",
        "abcdef0123",
        "1.2",
    )
    assert (device["seen_ms"], device["skew_ms"]) == (now - 20_000, 90_000)
    assert (device["clock_synced"], device["dead_letters"]) == (True, 1)
    assert status_json(place)["dead_letters_of_no_device"] == 2
    shown = printed(place)
    for words in ("lab/pi", "online", "20 s ago", "abcdef01", "+90 s", "2 dead letters"):
        assert words in shown


def printed(place: str) -> str:
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_status(console, place)
    return console.export_text()


def test_the_last_readings_tell_a_devices_condition(place: str) -> None:
    hot = {"temperature_c": 84.6, "throttled": 1.0, "paused": 1.0}
    cool = {"temperature_c": 51.0, "throttled": 0.0, "paused": 0.0}
    with open_store(place) as store:
        readings = {seq: HealthRecord(session="s1", readings=r) for seq, r in ((1, cool), (2, hot))}
        store.store(batch({**readings}, after=0))
        assert only(store).health == hot
        assert "85 C, throttled, paused" in printed(place)
        again = PI._replace(epoch="e2")
        store.store(batch({1: HealthRecord(session="s2", readings=cool)}, after=0, stream=again))
        assert only(store).health == cool
        store.store(batch(trials(1), after=0, stream=PI._replace(device="other")))
    shown = printed(place)
    assert "51 C" in shown
    assert "throttled" not in shown
    assert [device["health"] for device in status_json(place)["devices"]] == [{}, cool]


def test_a_devices_words_cannot_write_to_the_terminal(place: str) -> None:
    evil = lost(1, 1, 1).model_copy(update={"why": "[red]a\x1b[2J\nb"})
    with open_store(place) as store:
        store.store(batch({2: evil}, after=1))
    shown = printed(place)
    assert "[red]a?[2J?b" in shown


def test_many_gaps_are_counted_and_some_listed(place: str) -> None:
    with open_store(place) as store:
        rows: dict[int, Record] = {seq: lost(seq, seq, 1, "e0") for seq in range(1, 301)}
        store.store(batch(rows, after=0))
        device = only(store)
    assert (device.rows_declared, len(device.gaps)) == (300, 100)
    assert "... and 80 more" in printed(place)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.31, "0.3 s"), (59.6, "60 s"), (600, "10 min"), (86_400, "24 h"), (864_000, "10 days")],
)
def test_times_are_told_in_their_unit(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_the_command_prints_a_table_or_json_and_names_a_store_that_is_not_there(place: str) -> None:
    from tools.cli import app

    run = CliRunner().invoke
    assert run(app, ["status", "--store", place]).exit_code != 0
    with open_store(place) as store:
        assert "nothing of any device" in run(app, ["status", "--store", place]).output
        store.store(batch(trials(1), after=0))
    assert "lab/pi" in run(app, ["status", "--store", place]).output
    read = json.loads(run(app, ["status", "--store", place, "--json"]).output)
    assert [(device["device"], device["rows"]) for device in read["devices"]] == [("pi", 1)]
