"""The outbox's bounds: age, size, quarantine, memory, a full disk; and what each loss says."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.record import (
    EvidenceRecord,
    GapRecord,
    HealthRecord,
    Record,
    SessionEndRecord,
    Stamp,
    TrialRecord,
    unpack,
)
from agent.telemetry.outbox import Outbox
from agent.telemetry.outbox._reserve import BYTES
from agent.telemetry.outbox._table import QUARANTINED_ROWS

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS


def trial(frame: int = 0, clip: str = "drive") -> TrialRecord:
    return TrialRecord(
        session="s",
        frame=frame,
        clip=clip,
        target="stop sign",
        condition="fog",
        severity=0.5,
        clean_seen=True,
        perturbed_seen=False,
        flip=True,
    )


def records(outbox: Outbox) -> list[Record | None]:
    return [unpack(row) for row in outbox.pending(100_000)]


def gaps(outbox: Outbox) -> list[GapRecord]:
    return [record for record in records(outbox) if isinstance(record, GapRecord)]


def fill(outbox: Outbox, count: int) -> None:
    for i in range(count):
        outbox.put(trial(i))
    assert outbox.flush()


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class Hand:
    """The device's clocks, set by hand."""

    def __init__(self, outbox: Outbox) -> None:
        self.now = Stamp("boot-1", 0, 0, True)
        outbox._clock.stamp = lambda: self.now  # type: ignore[method-assign]
        self._outbox = outbox

    def set(self, boot: str, monotonic_ms: int, wall_ms: int, synced: bool = True) -> None:
        self.now = Stamp(boot, monotonic_ms, wall_ms, synced)
        self._outbox._expired = float("-inf")  # as after a minute


def test_what_is_too_old_goes_and_is_declared_with_its_range(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_age_s=86_400) as outbox:
        clock = Hand(outbox)
        fill(outbox, 30)
        clock.set("boot-1", DAY_MS // 2, 0)
        fill(outbox, 20)
        assert gaps(outbox) == []
        clock.set("boot-1", DAY_MS + 1, 0)
        fill(outbox, 1)
        (gap,) = gaps(outbox)
        assert (gap.first, gap.last, gap.rows, gap.trials) == (1, 30, 30, 30)
        assert (gap.epoch, gap.why) == (outbox.epoch, "too old")
        assert (outbox.dropped, outbox.depth) == (30, 22)


@pytest.mark.parametrize(
    ("boot", "monotonic_ms", "wall_ms", "synced", "left"),
    [
        ("boot-1", 1000, YEAR_MS, True, 11),  # the wall clock jumps ahead
        ("boot-1", 1000, -YEAR_MS, True, 11),  # and back
        ("boot-2", 1000, YEAR_MS, False, 11),  # after a boot, not synchronised yet
        ("boot-2", 1000, YEAR_MS, True, 2),  # after a boot, and known
        ("boot-2", 2 * DAY_MS, 0, False, 2),  # this boot alone is longer than that
    ],
)
def test_only_a_clock_that_can_be_trusted_makes_rows_old(
    boot: str, monotonic_ms: int, wall_ms: int, synced: bool, left: int, tmp_path: Path
) -> None:
    with Outbox(tmp_path, max_age_s=86_400) as outbox:
        clock = Hand(outbox)
        fill(outbox, 10)
        clock.set(boot, monotonic_ms, wall_ms, synced)
        fill(outbox, 1)
        assert outbox.depth == left


def test_what_was_sent_is_not_given_up_for_its_age_even_after_a_restart(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        Hand(outbox)
        fill(outbox, 10)
        outbox.sending(4)
    with Outbox(tmp_path, max_age_s=86_400) as outbox:
        Hand(outbox).set("boot-1", 2 * DAY_MS, 0)
        outbox.put(trial())
        assert outbox.flush()
        # To remember takes a write; so some that were not sent count as sent.
        assert [row.seq for row in outbox.pending(99)] == list(range(1, 12))
        assert outbox.dropped == 0


def test_to_remember_what_was_sent_takes_a_write_for_a_thousand_rows(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        begun: list[str] = []
        outbox._table._db.set_trace_callback(begun.append)
        for seq in range(1, 3001):
            outbox.sending(seq)
        assert sum(statement.startswith("COMMIT") for statement in begun) == 3
        outbox._table._db.set_trace_callback(None)


def test_the_file_shrinks_when_old_rows_go(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_age_s=86_400) as outbox:
        clock = Hand(outbox)
        fill(outbox, 20_000)
        clock.set("boot-1", 2 * DAY_MS, 0)
        for _ in range(8):  # room is given back little by little
            fill(outbox, 1)
    assert (tmp_path / "outbox.db").stat().st_size < 1_500_000


def test_evidence_goes_before_health_health_before_trials_and_a_session_only_at_last(
    tmp_path: Path,
) -> None:
    picture = EvidenceRecord(
        session="s",
        frame=0,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=0.5,
        width_px=8,
        height_px=8,
        clean="A" * 4000,
        perturbed="B" * 4000,
    )
    end = SessionEndRecord(session="s", frames=0, inferences=0, trials=0, flips=0, phantoms=0)
    steps: list[set[str]] = []
    with Outbox(tmp_path, max_bytes=160_000, commit_s=3600) as outbox:
        outbox.put(end)
        for i in range(100):
            outbox.put(HealthRecord(session="s", readings={"i": i}))
        fill(outbox, 100)
        for _ in range(8):
            outbox.put(picture)
        for _ in range(30):
            fill(outbox, 20)
            kinds = {row.kind for row in outbox.pending(10_000)} - {"gap"}
            if not steps or steps[-1] != kinds:
                steps.append(kinds)
        everything = {"session_end", "health", "trial", "evidence"}
        assert steps == [everything, everything - {"evidence"}, {"session_end", "trial"}]
        left = sum(isinstance(record, TrialRecord) for record in records(outbox))
        assert sum(gap.trials for gap in gaps(outbox)) + left == 700
    with Outbox(tmp_path, max_bytes=1000) as outbox:
        outbox.put(HealthRecord(session="s", readings={}))
        assert outbox.flush()
        assert {row.kind for row in outbox.pending(10_000)} == {"gap"}


def test_an_outbox_that_is_always_full_keeps_few_declarations_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.telemetry.outbox._table.MANY_GAPS", 10)
    with Outbox(tmp_path, max_bytes=100_000, commit_s=3600) as outbox:
        for _ in range(40):
            fill(outbox, 60)
        found = gaps(outbox)
        left = sum(isinstance(record, TrialRecord) for record in records(outbox))
        assert len(found) <= 11
        assert sum(gap.trials for gap in found) + left == 40 * 60
        assert outbox._table.bytes < 130_000


def test_a_group_is_committed_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    with Outbox(tmp_path, commit_s=3600) as outbox:
        begun: list[str] = []
        outbox._table._db.set_trace_callback(begun.append)
        for i in range(99):
            outbox.put(trial(i))
        assert outbox.pending(999) == []
        outbox.put(trial(99))
        until(lambda: outbox.last_committed == 100)
        assert sum(statement.startswith("COMMIT") for statement in begun) == 1
        outbox._table._db.set_trace_callback(None)


def test_quarantine_and_its_declaration_are_one_transaction(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        fill(outbox, 3)
        outbox._table._db.execute(
            "CREATE TRIGGER no_gap BEFORE INSERT ON rows WHEN new.kind = 'gap'"
            " BEGIN SELECT raise(ABORT, 'no gap'); END"
        )
        # An ABORT is no OperationalError, and would be taken for damage.
        outbox._mend = lambda error: None  # type: ignore[method-assign]
        assert not outbox.quarantine([2], "broken")
        assert outbox.quarantined == 0
        assert [row.seq for row in outbox.pending(9)] == [1, 2, 3]
        outbox._table._db.execute("DROP TRIGGER no_gap")
        assert outbox.quarantine([2], "broken")
        assert outbox.quarantined == 1
        assert [(gap.first, gap.trials) for gap in gaps(outbox)] == [(2, 1)]


def test_rows_that_wait_in_memory_come_before_a_quarantines_declaration(tmp_path: Path) -> None:
    with Outbox(tmp_path, commit_s=3600) as outbox:
        fill(outbox, 3)
        outbox.put(trial(3))
        assert outbox.quarantine([1], "broken")
        assert [row.kind for row in outbox.pending(9)] == ["trial", "trial", "trial", "gap"]


def test_what_a_quarantined_declaration_said_is_said_again(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        fill(outbox, 5)
        assert outbox.quarantine([2, 3], "broken")
        declaration = outbox.pending(99)[-1]
        assert outbox.quarantine([declaration.seq], "broken too")
        (gap,) = gaps(outbox)
        assert (gap.first, gap.trials, gap.rows) == (2, 2, 3)


def test_quarantine_keeps_the_newest_rows_only(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        fill(outbox, QUARANTINED_ROWS + 50)
        for first in range(1, QUARANTINED_ROWS + 51, 50):
            assert outbox.quarantine(range(first, first + 50), "broken")
        assert outbox.quarantined == QUARANTINED_ROWS
        kept = outbox._table._db.execute("SELECT min(seq) FROM quarantine").fetchone()[0]
        assert kept == 51
        assert sum(gap.trials for gap in gaps(outbox)) == QUARANTINED_ROWS + 50


def test_quarantine_is_bounded_in_bytes(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        for i in range(20):
            outbox.put(
                HealthRecord(session="s", readings={f"{i}{'r' * 50}_{n}": 0.5 for n in range(64)})
            )
        assert outbox.flush()
        size = len(outbox.pending(1)[0].body)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("agent.telemetry.outbox._table.QUARANTINED_BYTES", 5 * size)
            assert outbox.quarantine(range(1, 21), "broken")
        assert 3 <= outbox.quarantined <= 6


def test_memory_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_waiting_bytes=100_000) as outbox:
        fill(outbox, 1)
        outbox._table._db.execute("PRAGMA max_page_count = 1")
        for i in range(2000):
            outbox.put(trial(i, "c" * 900))
            if i == 200:
                assert not outbox.flush()
        with outbox._changed:
            waiting = (*outbox._committing, *outbox._waiting.rows)
            assert sum(len(row.body) for row in waiting) < 250_000
        outbox._table._db.execute("PRAGMA max_page_count = 1000000")
        until(lambda: not outbox.failure)
        assert outbox.flush()
        left = sum(isinstance(record, TrialRecord) for record in records(outbox))
        assert left + sum(gap.trials for gap in gaps(outbox)) == 2001
        assert {gap.why for gap in gaps(outbox)} == {"the disk failed"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root can make a small file system")
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_an_outbox_that_has_filled_its_disk_can_be_emptied_and_goes_on(small_disk: Path) -> None:
    with Outbox(small_disk / "outbox", max_bytes=1 << 30, max_waiting=500) as outbox:
        put = 0
        while not outbox.failure:
            for _ in range(100):
                outbox.put(trial(put, "c" * 500))
                put += 1
        assert "full" in outbox.failure
        assert not (small_disk / "outbox" / "outbox.reserve").exists()
        for row in range(3000):
            outbox.put(trial(row, "c" * 500))
            put += 1
        seen: list[Record | None] = []
        while outbox.depth:
            rows = outbox.pending(500)
            seen += [unpack(row) for row in rows]
            if rows:
                assert outbox.release(outbox.epoch, rows[-1].seq)
            else:
                until(lambda: outbox.pending(1) or not outbox.depth)
        assert outbox.failure == ""
        kept = sum(isinstance(record, TrialRecord) for record in seen)
        lost = sum(record.trials for record in seen if isinstance(record, GapRecord))
        assert kept + lost == put
        assert lost > 0
        assert (small_disk / "outbox" / "outbox.reserve").stat().st_size == BYTES


def test_on_a_full_disk_an_outbox_is_opened_and_emptied(small_disk: Path) -> None:
    with Outbox(small_disk / "outbox") as outbox:
        fill(outbox, 500)
    ballast = taken_up(small_disk)
    assert shutil.disk_usage(small_disk).free < 4096
    with Outbox(small_disk / "outbox") as outbox:
        outbox.put(trial(500))
        assert outbox.release(outbox.epoch, 500)
        ballast.unlink()
        until(lambda: not outbox.failure and outbox.flush())
        assert [row.seq for row in outbox.pending(9)] == [501]


def taken_up(disk: Path) -> Path:
    """A file of another's that leaves nothing of a disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 65536):
            pass
    return ballast


def test_what_waits_in_memory_at_the_end_on_a_full_disk_is_declared(small_disk: Path) -> None:
    with Outbox(small_disk / "outbox") as outbox:
        fill(outbox, 500)
        ballast = taken_up(small_disk)
        for frame in range(3000):
            outbox.put(trial(500 + frame, "c" * 500))
        outbox.put(
            SessionEndRecord(session="s", frames=1, inferences=1, trials=1, flips=0, phantoms=0)
        )
        until(lambda: outbox.failure)
    ballast.unlink()
    with Outbox(small_disk / "outbox") as outbox:
        kept = records(outbox)
        (declared,) = gaps(outbox)
        assert sum(isinstance(record, TrialRecord) for record in kept) + declared.trials == 3500
        assert declared.trials > 0
        assert "full" in declared.why
        assert sum(isinstance(record, SessionEndRecord) for record in kept) == 1
        assert outbox.put(trial(0)) > declared.last, "no number is used twice"


def test_a_loss_that_cannot_be_declared_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Outbox(tmp_path) as outbox:
        outbox._table._db.execute("PRAGMA query_only = 1")
        outbox.put(trial())
        until(lambda: outbox.failure)
    assert "1 records could not be kept, nor their loss declared: attempt to write" in caplog.text


def test_only_the_newest_damaged_files_are_kept(tmp_path: Path) -> None:
    for _ in range(4):
        Outbox(tmp_path).close()
        (tmp_path / "outbox.db").write_bytes(b"this is no database" * 500)
    Outbox(tmp_path).close()
    assert len(list(tmp_path.glob("outbox.db.corrupt-*"))) == 2


def test_what_a_damaged_file_held_is_declared_where_it_can_be_told(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        epoch = outbox.epoch
        fill(outbox, 3000)
        outbox.release(epoch, 100)
    file = tmp_path / "outbox.db"
    content = bytearray(file.read_bytes())
    content[-40960:-8192] = bytes(40960 - 8192)
    file.write_bytes(content)
    with Outbox(tmp_path) as outbox:
        assert outbox.flush()
        (gap,) = gaps(outbox)
        assert (gap.epoch, gap.first, gap.last) == (epoch, 101, 3000)
        assert gap.trials == 2900
        assert gap.why == "the outbox was damaged"


def test_an_outbox_of_an_older_version_is_opened_with_its_rows(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        fill(outbox, 3)
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("ALTER TABLE meta DROP COLUMN sent")
    db.close()
    with Outbox(tmp_path) as outbox:
        assert outbox.depth == 3
        outbox.sending(2)
