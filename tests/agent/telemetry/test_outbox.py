"""The outbox keeps what it was given, through crashes, damage and full disks."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent.errors import OutboxError
from agent.record import GapRecord, HealthRecord, Record, SessionRecord, TrialRecord, unpack
from agent.telemetry.outbox import Outbox

ROOT = Path(__file__).resolve().parents[3]


def trial(frame: int = 0) -> TrialRecord:
    return TrialRecord(
        session="s",
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=0.5,
        clean_seen=True,
        perturbed_seen=False,
        flip=True,
    )


def health(value: float = 1.0) -> HealthRecord:
    return HealthRecord(session="s", readings={"fps": value})


def session() -> SessionRecord:
    names = dict.fromkeys(
        ("model_name", "model_sha256", "model_kind", "profile", "config_sha256", "suite", "camera"),
        "x",
    )
    return SessionRecord(session="s", model_labels=1, **names)


def records(outbox: Outbox) -> list[Record | None]:
    return [unpack(row) for row in outbox.pending(100_000)]


def test_rows_come_back_in_order_and_leave_on_the_receipt(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        assert [outbox.put(trial(i)) for i in range(5)] == [1, 2, 3, 4, 5]
        assert outbox.flush()
        assert records(outbox) == [trial(i) for i in range(5)]
        assert [row.seq for row in outbox.pending(2, after=2)] == [3, 4]
        assert outbox.release(outbox.epoch, 3)
        assert [row.seq for row in outbox.pending(9)] == [4, 5]
        assert outbox.depth == 2


def test_a_receipt_for_another_epoch_frees_nothing(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        outbox.put(trial())
        outbox.flush()
        assert not outbox.release("another", 1)
        assert outbox.release(outbox.epoch, 10**9)
        assert not outbox.release(outbox.epoch, 1)
        assert outbox.released == 1


def test_what_waits_is_committed_within_the_second_unasked(tmp_path: Path) -> None:
    with Outbox(tmp_path, commit_s=0.1) as outbox:
        outbox.put(trial())
        assert outbox.pending(9) == []
        end = time.monotonic() + 5
        while not outbox.pending(9) and time.monotonic() < end:
            time.sleep(0.01)
        assert len(outbox.pending(9)) == 1


def test_numbers_go_on_after_a_restart_even_when_all_rows_were_released(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        epoch = outbox.epoch
        for i in range(3):
            outbox.put(trial(i))
        outbox.flush()
        outbox.release(epoch, 3)
    with Outbox(tmp_path) as outbox:
        assert (outbox.epoch, outbox.released) == (epoch, 3)
        assert outbox.put(trial()) == 4


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from agent.record import HealthRecord
from agent.telemetry.outbox import Outbox
outbox = Outbox(Path({folder!r}))
while True:
    for i in range(50):
        seq = outbox.put(HealthRecord(session="s", readings={{"i": float(i)}}))
    outbox.flush()
    print(seq, flush=True)
"""


def test_a_record_may_say_that_it_was_made_earlier(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        earlier = outbox.stamp()._replace(monotonic_ms=5, wall_ms=7)
        outbox.put(trial(), earlier)
        outbox.put(trial())
        outbox.flush()
        first, second = outbox.pending(2)
    assert first.stamp == earlier
    assert second.stamp.wall_ms > 7


def test_a_killed_writer_loses_nothing_that_was_flushed_and_no_number_is_used_twice(
    tmp_path: Path,
) -> None:
    code = WRITER.format(root=str(ROOT), folder=str(tmp_path))
    highest = 0
    for _ in range(2):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        lines = [int(writer.stdout.readline()) for _ in range(5)]
        writer.send_signal(signal.SIGKILL)
        lines += [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
        writer.wait()
        writer.stdout.close()
        assert lines[0] > highest
        with Outbox(tmp_path) as outbox:
            seqs = [row.seq for row in outbox.pending(10**6)]
            assert seqs == sorted(set(seqs))
            assert set(range(highest + 1, lines[-1] + 1)) <= set(seqs)
            highest = seqs[-1]
            assert outbox.put(health()) > highest
            outbox.flush()
            highest = outbox.last_committed


def test_a_second_agent_is_refused_with_the_folder_and_the_process(tmp_path: Path) -> None:
    import os

    with Outbox(tmp_path), pytest.raises(OutboxError) as caught:
        Outbox(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert str(os.getpid()) in str(caught.value)
    assert caught.value.exit_code == 73
    Outbox(tmp_path).close()


def test_a_corrupt_file_is_set_aside_and_a_new_epoch_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Outbox(tmp_path) as outbox:
        epoch = outbox.epoch
        outbox.put(trial())
    (tmp_path / "outbox.db").write_bytes(b"this is no database" * 500)
    with Outbox(tmp_path) as outbox:
        assert outbox.epoch != epoch
        assert outbox.put(trial()) == 1
    aside = list(tmp_path.glob("outbox.db.corrupt-*"))
    assert len(aside) == 1
    assert str(aside[0]) in caplog.text


def test_damage_inside_the_file_is_found_when_it_is_opened(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        for i in range(3000):
            outbox.put(trial(i))
    file = tmp_path / "outbox.db"
    content = bytearray(file.read_bytes())
    content[8192:40960] = bytes(40960 - 8192)
    file.write_bytes(content)
    with Outbox(tmp_path) as outbox:
        assert outbox.depth == 0
    assert list(tmp_path.glob("outbox.db.corrupt-*"))


def test_damage_at_run_time_begins_a_new_epoch_and_is_declared(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        epoch = outbox.epoch
        for i in range(40):
            outbox.put(trial(i))
        outbox.flush()
        outbox._mend(sqlite3.DatabaseError("database disk image is malformed"))
        outbox.put(trial(99))
        outbox.flush()
        assert outbox.epoch != epoch
        declared, kept = records(outbox)
        assert isinstance(declared, GapRecord)
        assert (declared.epoch, declared.first, declared.last) == (epoch, 1, 40)
        assert (declared.rows, declared.trials) == (40, 40)
        assert kept == trial(99)


def test_a_folder_that_cannot_be_written_is_an_outbox_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutboxError, match="cannot be written"):
        Outbox(tmp_path / "file" / "outbox")


def test_a_full_outbox_gives_up_health_before_trials_and_declares_each_gap(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_bytes=200_000) as outbox:
        outbox.put(session())
        for i in range(300):
            outbox.put(health(i))
        outbox.flush()
        for start in range(0, 1500, 100):
            for i in range(start, start + 100):
                outbox.put(trial(i))
            outbox.flush()
        left = records(outbox)
        gaps = [record for record in left if isinstance(record, GapRecord)]
        trials = [record for record in left if isinstance(record, TrialRecord)]
        assert session() in left
        assert not any(isinstance(record, HealthRecord) for record in left)
        assert (gaps[0].first, gaps[0].trials) == (2, 0)
        assert sum(gap.trials for gap in gaps) + len(trials) == 1500
        assert sum(gap.rows for gap in gaps) == outbox.dropped
        assert trials == [trial(i) for i in range(1500 - len(trials), 1500)]
        seqs = [row.seq for row in outbox.pending(10_000)]
        assert len(seqs) == len(set(seqs)) == outbox.depth


def test_rows_under_way_are_not_given_up(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_bytes=50_000) as outbox:
        for i in range(100):
            outbox.put(trial(i))
        outbox.flush()
        outbox.sending(100)
        for start in range(0, 600, 100):
            for i in range(100):
                outbox.put(trial(start + i))
            outbox.flush()
        assert {row.seq for row in outbox.pending(10_000)} >= set(range(1, 101))
        assert outbox.dropped > 0


def test_the_file_shrinks_again_when_rows_leave(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        for i in range(12_000):
            outbox.put(trial(i))
        outbox.flush()
        for seq in range(500, 12_001, 500):
            outbox.release(outbox.epoch, seq)
        full = outbox._table._db.execute("PRAGMA page_count").fetchone()[0] * 4096
        assert full < 1_500_000
    assert (tmp_path / "outbox.db").stat().st_size < 1_500_000


def _limit_pages(outbox: Outbox, pages: int) -> None:
    """What a full disk does to SQLite: SQLITE_FULL for every page beyond."""
    outbox._table._db.execute(f"PRAGMA max_page_count = {pages}")


def test_with_the_disk_full_records_wait_in_memory_and_it_recovers_unaided(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_waiting=1000) as outbox:
        outbox.put(trial())
        outbox.flush()
        _limit_pages(outbox, 1)
        for i in range(900):
            outbox.put(trial(i))
        assert not outbox.flush()
        assert "full" in outbox.failure
        for i in range(900):
            outbox.put(health(i))
        _limit_pages(outbox, 10**6)
        end = time.monotonic() + 10
        while outbox.failure and time.monotonic() < end:
            time.sleep(0.05)
        assert outbox.flush()
        left = records(outbox)
        gaps = [record for record in left if isinstance(record, GapRecord)]
        trials = [record for record in left if isinstance(record, TrialRecord)]
        assert len(trials) == 901
        assert sum(gap.rows for gap in gaps) == outbox.dropped > 0
        assert len(left) == 1801 - outbox.dropped + len(gaps)
        assert [row.seq for row in outbox.pending(9999)] == sorted(
            row.seq for row in outbox.pending(9999)
        )


def test_quarantined_rows_are_kept_aside_and_declared(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        for i in range(3):
            outbox.put(trial(i))
        outbox.flush()
        outbox.quarantine([2], "too large")
        outbox.flush()
        assert outbox.quarantined == 1
        assert [row.seq for row in outbox.pending(9)] == [1, 3, 4]
        declared = records(outbox)[-1]
        assert isinstance(declared, GapRecord)
        assert (declared.first, declared.last, declared.trials) == (2, 2, 1)
        assert declared.why == "quarantined: too large"
    with Outbox(tmp_path) as outbox:
        assert outbox.quarantined == 1


def test_many_threads_put_and_one_reads_without_a_row_lost_or_doubled(tmp_path: Path) -> None:
    with Outbox(tmp_path, commit_rows=10) as outbox:

        def put() -> None:
            for i in range(300):
                outbox.put(trial(i))

        writers = [threading.Thread(target=put) for _ in range(4)]
        for writer in writers:
            writer.start()
        seen: list[int] = []
        while len(seen) < 1200:
            rows = outbox.pending(100)
            seen += [row.seq for row in rows]
            if rows:
                outbox.release(outbox.epoch, rows[-1].seq)
            outbox.flush()
        for writer in writers:
            writer.join()
        assert seen == list(range(1, 1201))


def test_a_closed_outbox_takes_nothing(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.close()
    outbox.close()
    with pytest.raises(OutboxError):
        outbox.put(trial())


def test_flush_of_a_full_outbox_ends(tmp_path: Path) -> None:
    with Outbox(tmp_path, max_bytes=20_000, commit_s=0.05) as outbox:
        flushed: list[bool] = []

        def fill() -> None:
            for frame in range(400):
                outbox.put(trial(frame))
                if frame % 20 == 19:
                    flushed.extend([outbox.flush(), outbox.flush()])

        thread = threading.Thread(target=fill, daemon=True)
        thread.start()
        thread.join(15)
        assert flushed == [True] * 40
        assert outbox.dropped > 0
        assert not outbox._waiting


def test_flush_gives_up_at_its_deadline_when_the_disk_hangs(tmp_path: Path) -> None:
    with Outbox(tmp_path) as outbox:
        with outbox._disk:  # as a write that does not come back
            outbox.put(health())
            began = time.monotonic()
            assert not outbox.flush(0.3)
            assert time.monotonic() - began < 3
        assert outbox.flush()
