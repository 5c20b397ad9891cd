"""The journal gives back what was written whole, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import OutputError
from tools.evaluate.journal import NAME, Journal

MARKS = {"the model": "a", "the data": "b"}
FRAMES = [(0, b"nought"), (2, b"two"), (1, b""), (3, b"three" * 50)]


def written(folder: Path) -> bytes:
    """A journal as a killed process leaves it."""
    with Journal(folder, MARKS) as journal:
        journal.begin(fresh=False)
        for index, data in FRAMES:
            journal.write(index, data)
    return (folder / NAME).read_bytes()


def read(folder: Path) -> list[tuple[int, bytes]]:
    with Journal(folder, MARKS) as journal:
        journal.begin(fresh=False)
        return list(journal.frames())


def test_what_was_written_is_there_when_the_same_evaluation_comes_again(tmp_path: Path) -> None:
    written(tmp_path)
    assert read(tmp_path) == FRAMES
    assert read(tmp_path) == FRAMES, "reading changes nothing"


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 10_000), damage=st.one_of(st.none(), st.integers(0, 10_000)))
def test_a_torn_or_damaged_journal_gives_the_frames_before_and_can_be_gone_on_with(
    cut: int, damage: int | None
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = bytearray(written(folder))
        torn = data[: cut % (len(data) + 1)]
        if damage is not None and torn:
            torn[damage % len(torn)] ^= 0x41
        (folder / NAME).write_bytes(torn)
        with Journal(folder, MARKS) as journal:
            journal.begin(fresh=False)
            sound = list(journal.frames())
            assert sound == FRAMES[: len(sound)]
            journal.write(9, b"more")
        assert read(folder) == [*sound, (9, b"more")]


def test_another_evaluation_starts_anew_and_names_what_has_changed(tmp_path: Path) -> None:
    written(tmp_path)
    with Journal(tmp_path, {**MARKS, "the data": "c"}) as journal:
        assert (journal.resumes, journal.changed) == (False, ("the data",))
        journal.begin(fresh=False)
        assert list(journal.frames()) == []


def test_fresh_drops_what_is_there(tmp_path: Path) -> None:
    written(tmp_path)
    with Journal(tmp_path, MARKS) as journal:
        journal.begin(fresh=True)
        assert list(journal.frames()) == []


def test_a_journal_goes_when_it_has_served_or_never_held_a_frame(tmp_path: Path) -> None:
    with Journal(tmp_path, MARKS) as journal:
        journal.begin(fresh=False)
    assert not (tmp_path / NAME).exists()
    written(tmp_path)
    with Journal(tmp_path, MARKS) as journal:
        journal.begin(fresh=False)
        assert len(list(journal.frames())) == len(FRAMES)
        journal.done()
    assert not (tmp_path / NAME).exists()


def test_two_evaluations_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with Journal(tmp_path, MARKS), pytest.raises(OutputError, match=str(tmp_path)):
        Journal(tmp_path, MARKS)
