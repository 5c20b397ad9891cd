"""Cameras: each file is one kind, a source of frames. Imports values, errors, vocabulary, geometry.

To add one: a file ``agent/cameras/<kind>.py`` with one public class that extends ``Camera``, or
``RecordedCamera`` where any frame can be had at any time, and its test. ``open`` makes it from
the text after ``kind:`` of ``--camera``; a data format also says in ``claims`` which paths are
its own, so that ``--data PATH`` finds it. A live camera extends ``_live.LiveCamera`` and names a
source for its capture process, see ``_capture``.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from agent.errors import DataError, UsageError
from agent.family import Family, kind_of
from agent.values import Frame


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of recorded data is wanted, and how its numeric ids are named.

    ``data_labels``: a file with the names. ``limit``: at most so many frames; labelled image
    sets take a sample by ``seed``, spread over the classes, others the first. Raises
    ``UsageError`` for a limit below 1.
    """

    data_labels: Path | None = None
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"The limit is {self.limit} frames, it must be at least 1.")


class Camera(ABC):
    """Yields frames until it ends or is closed. Use it as a context manager.

    ``live`` cameras have no end and may drop frames; ``labels`` is the vocabulary of the truth
    that the frames carry (None: there is no truth). An id without a name is spelled ``#14``.
    Raises ``CameraError`` when frames cannot be had, ``DataError`` when recorded data cannot be
    used. A single bad picture among good ones is counted in ``rejected`` (source -> reason).
    ``faults`` counts what befell a live camera: its frames' faults, and how captures were lost
    (``hung``, ``died``, ``ended``, ``stuck``).
    """

    live: ClassVar[bool] = False
    labels: tuple[str, ...] | None = None

    def __init__(self) -> None:
        self.rejected: dict[str, str] = {}
        self.faults: Counter[str] = Counter()

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    @classmethod
    @abstractmethod
    def open(cls, text: str, selection: Selection) -> Camera:
        """The camera that the text after ``kind:`` describes. Raises what ``Camera`` raises."""

    @classmethod
    def claims(cls, path: Path) -> str:
        """What makes an existing ``path`` data of this kind, for people; empty if nothing does."""
        return ""

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """The frames in order, indices ascending from 0."""

    def __len__(self) -> int:
        """How many frames there will be; 0 when that is not known."""
        return 0

    def readings(self) -> dict[str, float]:
        """What the device's health record says of the camera: counts since it was opened."""
        return {f"camera_{fault}": float(count) for fault, count in self.faults.items()}

    def heed(  # noqa: B027 - recorded frames do not wait
        self, stop: threading.Event, waiting: Callable[[], object] = lambda: None
    ) -> None:
        """Have ``frames`` end soon after ``stop`` is set, also while none come; ``waiting`` is
        called now and then meanwhile.
        """

    def close(self) -> None:  # noqa: B027 - most cameras hold nothing that needs closing
        """Let go of the device or file. May be called twice."""

    def __enter__(self) -> Camera:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class RecordedCamera(Camera):
    """Any frame can be read at any time, so workers can each decode their own share.

    ``read`` gives the same frame whatever was read before; an instance can be pickled.
    """

    @abstractmethod
    def __len__(self) -> int:
        """How many frames there are, bad ones included."""

    @abstractmethod
    def read(self, index: int) -> Frame:
        """The frame at ``index`` in 0..len-1.

        Raises ``IndexError`` outside, and ``DataError`` where its picture is bad, which
        ``rejected`` then names.
        """

    def frames(self) -> Iterator[Frame]:
        """All good frames in order; the index of a bad one is left out.

        Raises ``DataError`` at the end when there was no good one.
        """
        good = 0
        for index in range(len(self)):
            try:
                frame = self.read(index)
            except DataError:
                continue
            good += 1
            yield frame
        if not good:
            source, reason = next(iter(self.rejected.items()), ("", "there is none"))
            raise DataError(
                f"None of the {len(self)} pictures can be used. The first, {source}: {reason}",
                remedy="See that the files are whole and are pictures.",
            )


family = Family("camera", __name__, Camera)  # type: ignore[type-abstract]
