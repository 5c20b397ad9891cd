"""The ring of shared memory, writer and reader on either side of one file descriptor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras._capture.ring import SLOTS, Ring, Shot
from agent.cameras._capture.source import Raw

H, W = 6, 8


def raw(value: int, height: int = H, width: int = W, **tags: str) -> Raw:
    return Raw(np.full((height, width, 3), value, np.uint8), height, width, None, tags)


@pytest.fixture
def memory() -> Iterator[int]:
    memory = os.memfd_create("test")
    yield memory
    os.close(memory)


@pytest.fixture
def writer(memory: int) -> Ring:
    return Ring.create(memory, 3 * H * W)


@pytest.fixture
def reader(writer: Ring, memory: int) -> Ring:
    return Ring(memory, 3 * H * W)


def test_the_newest_picture_is_read_once_with_its_clocks_and_tags(
    writer: Ring, reader: Ring
) -> None:
    assert reader.latest(0) is None
    for number in range(1, 8):
        writer.write(raw(number, gain=str(number)), number * 10**9, 5 * 10**9)
    shot = reader.latest(0)
    assert shot is not None
    assert (shot.number, shot.monotonic, shot.wall, shot.tags) == (7, 7.0, 5.0, {"gain": "7"})
    assert (shot.pixels == 7).all()
    assert shot.pixels.shape == (H, W, 3)
    assert not shot.pixels.flags.writeable
    assert reader.latest(7) is None


def test_a_picture_keeps_its_pixels_when_the_ring_goes_round(writer: Ring, reader: Ring) -> None:
    writer.write(raw(1), 0, 0)
    shot = reader.latest(0)
    for number in range(2, 3 * SLOTS):
        writer.write(raw(number), 0, 0)
    assert shot is not None
    assert (shot.pixels == 1).all()


def test_colours_are_converted_into_the_slot(memory: int) -> None:
    writer = Ring.create(memory, 3 * H * W)
    bgr = np.zeros((H, W, 3), np.uint8)
    bgr[..., 0] = 200
    writer.write(Raw(bgr, H, W, cv2.COLOR_BGR2RGB), 0, 0)
    shot = Ring(memory, 3 * H * W).latest(0)
    assert shot is not None
    assert shot.pixels[0, 0].tolist() == [0, 0, 200]


def test_a_copy_that_the_writer_overtakes_is_not_used(
    writer: Ring, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer goes round the whole ring while the reader is in the middle of a copy."""
    reader = Ring(memory, 3 * H * W)
    whole = Ring._copy

    def slow(self: Ring, slot: int) -> Shot | None:
        shot = whole(self, slot)
        for _ in range(SLOTS):
            writer.write(raw(99), 0, 0)
        return shot

    writer.write(raw(1), 0, 0)
    monkeypatch.setattr(Ring, "_copy", slow)
    assert reader.latest(0) is None
    assert reader.overwritten >= 1
    monkeypatch.undo()
    shot = reader.latest(0)
    assert shot is not None
    assert (shot.pixels == 99).all()


WRITER = """
import sys
import numpy as np
from agent.cameras._capture.ring import Ring
from agent.cameras._capture.source import Raw
ring = Ring.create(int(sys.argv[1]), 3 * 240 * 320)
print(flush=True)
number = 0
while True:
    number += 1
    picture = np.full((240, 320, 3), number % 251, np.uint8)
    ring.write(Raw(picture, 240, 320), number, number)
"""


def test_every_picture_is_whole_while_another_process_writes_without_pause(memory: int) -> None:
    root = Path(__file__).resolve().parents[3]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(memory)],
        cwd=root,
        pass_fds=(memory,),
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    with writer:
        try:
            writer.stdout.readline()
            reader = Ring(memory, 3 * 240 * 320)
            last = taken = 0
            while taken < 300:
                shot = reader.latest(last)
                if shot is not None:
                    assert (shot.pixels == shot.number % 251).all()
                    last, taken = shot.number, taken + 1
        finally:
            writer.kill()


def test_what_a_writer_left_half_written_is_not_used(
    writer: Ring, reader: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(raw: Raw, out: np.ndarray) -> None:
        out[: H // 2] = 77
        raise KeyboardInterrupt

    writer.write(raw(1), 0, 0)
    monkeypatch.setattr("agent.cameras._capture.ring._convert", dies)
    with pytest.raises(KeyboardInterrupt):
        writer.write(raw(2), 0, 0)
    shot = reader.latest(0)
    assert shot is not None
    assert (shot.number, int(shot.pixels.max())) == (1, 1)


def test_a_picture_too_large_for_its_slot_comes_with_its_size_and_no_pixels(
    writer: Ring, reader: Ring
) -> None:
    writer.write(raw(5, 2 * H, W), 0, 0)
    shot = reader.latest(0)
    assert shot is not None
    assert shot.pixels.shape == (2 * H, W, 3)
    assert not shot.pixels.any()


def test_tags_too_long_for_a_slot_are_left_out(writer: Ring, reader: Ring) -> None:
    writer.write(raw(5, note="x" * 600), 0, 0)
    shot = reader.latest(0)
    assert shot is not None
    assert shot.tags == {}
