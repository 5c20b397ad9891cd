"""A small balanced sample of labelled frames, in an order whose beginnings are balanced too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import zip_longest
from typing import Final

import numpy as np

from agent.cameras import RecordedCamera
from agent.errors import DataError
from agent.values import Frame

_MOST_BYTES: Final = 256 << 20  # of pixels that are held at a time


def shuffled(camera: RecordedCamera, seed: int) -> Iterator[Frame]:
    """A set's frames in an order of chance, without those that cannot be read.

    In the order of files one label may come after another, and large photos would use up the room
    for a sample before the second is reached.
    """
    for index in np.random.default_rng(seed).permutation(len(camera)):
        with suppress(DataError):
            yield camera.read(int(index))


def balanced(frames: Iterable[Frame], limit: int, labels: int) -> list[Frame]:
    """At most ``limit`` frames with truth, about as many of each label, taken in turn.

    ``labels`` is how many the model tells apart: reading ends when all of them have their share.
    A frame known to hold nothing counts as a label of its own.
    Raises ``DataError`` where no frame has a truth.
    """
    share = max(2, -(-limit // max(1, labels)))
    found: dict[str, list[Frame]] = {}
    held = 0
    for frame in frames:
        if frame.truth is None:
            continue
        label = frame.truth.objects[0].label if frame.truth.objects else ""
        same = found.setdefault(label, [])
        if len(same) < share:
            same.append(frame)
            held += frame.pixels.nbytes
        full = sum(len(some) >= share for some in found.values()) >= labels
        if held >= _MOST_BYTES or full:
            break
    if not found:
        raise DataError(
            "No frame of the data has a label.",
            remedy="Give labelled data: class folders, a CSV with labels, VOC, YOLO or COCO.",
        )
    turns = zip_longest(*found.values())
    return [frame for turn in turns for frame in turn if frame is not None][:limit]
