"""A bounded ring of pictures in memory that two processes share: one writes, one reads.

The writer never waits: it overwrites the oldest slot. The reader takes the newest picture with one
copy. Each slot has a lock word that is odd while it is written (a sequence lock): a copy during
which the word changed, or that of a writer that died within, is torn and is not used. With three
slots the reader has two frame periods for a copy that takes a fraction of one, so the lock decides
only when the reader was held up in the middle of it: by milliseconds, against which the nanoseconds
by which processors reorder memory do not count. That a picture is there is told over a pipe, whose
system calls order it before.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from agent.cameras._capture.source import Raw
from agent.values import Pixels

SLOTS: Final = 3
LARGEST: Final = 16384
"""px, of a side."""

_WORDS: Final = 8
_LOCK, _NUMBER, _MONOTONIC, _WALL, _HEIGHT, _WIDTH, _TAGS = range(7)
_HEADER: Final = 512  # bytes: the words, then the tags as JSON


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A captured picture. ``pixels`` is read-only uint8 RGB (H, W, 3), all 0 where it is larger
    than the first one was. ``number`` counts from 1, those that nobody took included; clocks
    in seconds, read right after the picture came.
    """

    pixels: Pixels
    number: int
    monotonic: float
    wall: float
    tags: Mapping[str, str]


class Ring:
    """Slots for pictures of up to ``capacity`` bytes in the memory of a file descriptor.

    ``overwritten`` counts copies that the writer overtook.
    """

    def __init__(self, memory: int, capacity: int) -> None:
        page = mmap.PAGESIZE
        self._capacity = capacity
        self._size = -(-(_HEADER + capacity) // page) * page
        self._memory = mmap.mmap(memory, SLOTS * self._size)
        self._words = np.frombuffer(self._memory, np.uint64).reshape(SLOTS, -1)[:, :_WORDS]
        self._bytes = np.frombuffer(self._memory, np.uint8).reshape(SLOTS, self._size)
        self._written = 0
        self.overwritten = 0

    @classmethod
    def create(cls, memory: int, capacity: int) -> Ring:
        """The writer's side: give the memory its size first."""
        page = mmap.PAGESIZE
        os.ftruncate(memory, SLOTS * (-(-(_HEADER + capacity) // page) * page))
        return cls(memory, capacity)

    def close(self) -> None:
        """Let go of the memory, which is megabytes."""
        del self._words, self._bytes
        self._memory.close()

    def write(self, raw: Raw, monotonic_ns: int, wall_ns: int) -> None:
        """Convert a picture to RGB straight into the oldest slot."""
        self._written += 1
        slot = self._written % SLOTS
        words = self._words[slot]
        tags = json.dumps(dict(raw.tags)).encode()
        tags = tags if len(tags) <= _HEADER - 8 * _WORDS else b"{}"
        words[_LOCK] |= np.uint64(1)
        words[_NUMBER] = self._written
        words[_MONOTONIC], words[_WALL] = monotonic_ns, wall_ns
        words[_HEIGHT], words[_WIDTH], words[_TAGS] = raw.height, raw.width, len(tags)
        self._bytes[slot, 8 * _WORDS : 8 * _WORDS + len(tags)] = np.frombuffer(tags, np.uint8)
        if 3 * raw.height * raw.width <= self._capacity:
            _convert(raw, self._pixels(slot, raw.height, raw.width))
        words[_LOCK] += np.uint64(1)

    def latest(self, after: int) -> Shot | None:
        """The newest whole picture whose number is above ``after``; None where there is none."""
        for slot in np.argsort(self._words[:, _NUMBER])[::-1]:
            before = int(self._words[slot, _LOCK])
            if before % 2 or int(self._words[slot, _NUMBER]) <= after:
                continue
            shot = self._copy(int(slot))
            if int(self._words[slot, _LOCK]) == before:
                return shot
            self.overwritten += 1
        return None

    def _copy(self, slot: int) -> Shot | None:
        """A slot's picture, with the one copy that the agent makes."""
        _, number, monotonic, wall, height, width, length, _ = map(int, self._words[slot])
        if not (0 < height <= LARGEST and 0 < width <= LARGEST):
            return None
        fits = 3 * height * width <= self._capacity
        pixels = self._pixels(slot, height, width).copy() if fits else _nothing(height, width)
        pixels.setflags(write=False)
        tags = bytes(self._bytes[slot, 8 * _WORDS : 8 * _WORDS + length])
        try:
            known = json.loads(tags)
        except ValueError:  # only where it is being overwritten, which the lock then tells
            known = {}
        return Shot(pixels, number, monotonic / 1e9, wall / 1e9, known)

    def _pixels(self, slot: int, height: int, width: int) -> Pixels:
        length = 3 * height * width
        return self._bytes[slot, _HEADER : _HEADER + length].reshape(height, width, 3)


def _convert(raw: Raw, out: Pixels) -> None:
    if raw.code is None:
        np.copyto(out, raw.data)
        return
    made = cv2.cvtColor(raw.data, raw.code, dst=out)
    if not np.may_share_memory(made, out):
        np.copyto(out, made)


def _nothing(height: int, width: int) -> Pixels:
    return np.zeros((height, width, 3), np.uint8)
