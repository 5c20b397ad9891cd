from __future__ import annotations

import numpy as np
import pytest

from agent.cameras import RecordedCamera, Selection
from agent.errors import DataError
from agent.values import Frame, TrueObject, Truth
from tools.model.sample import balanced, shuffled


def frame(index: int, label: str | None) -> Frame:
    truth = None if label is None else Truth((TrueObject(label),) if label else ())
    return Frame(np.zeros((2, 2, 3), np.uint8), index, str(index), truth=truth)


def test_each_label_has_its_turn() -> None:
    frames = [frame(i, "a" if i < 50 else "b") for i in range(100)]
    assert [f.index for f in balanced(frames, 6, 2)] == [0, 50, 1, 51, 2, 52]


def test_reading_ends_when_every_label_has_its_share() -> None:
    read: list[int] = []

    def source() -> object:
        for i in range(1000):
            read.append(i)
            yield frame(i, "ab"[i % 2])

    assert len(balanced(source(), 10, 2)) == 10  # type: ignore[arg-type]
    assert len(read) == 10


def test_frames_without_truth_are_left_out() -> None:
    assert [f.index for f in balanced([frame(0, None), frame(1, "")], 10, 2)] == [1]
    with pytest.raises(DataError, match="No frame of the data has a label"):
        balanced([frame(0, None)], 10, 2)


def test_a_shuffled_set_is_whole_without_what_cannot_be_read_and_the_same_for_a_seed() -> None:
    class Some(RecordedCamera):
        @classmethod
        def open(cls, text: str, selection: Selection) -> Some:
            return cls()

        def __len__(self) -> int:
            return 20

        def read(self, index: int) -> Frame:
            if index == 7:
                raise DataError("broken")
            return Frame(np.zeros((4, 4, 3), np.uint8), index, "clip")

    order = [frame.index for frame in shuffled(Some(), 3)]
    assert sorted(order) == [n for n in range(20) if n != 7]
    assert order != sorted(order)
    assert order == [frame.index for frame in shuffled(Some(), 3)]
