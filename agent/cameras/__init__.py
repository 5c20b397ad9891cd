"""Cameras: each file is one kind, a source of frames. Imports values, errors, geometry.

To add one: a file ``agent/cameras/<kind>.py`` with one public class that extends ``Camera``, and
its test. A camera is opened from the text after ``kind:`` of ``--camera`` or from ``--data``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import ClassVar

from agent.family import Family, kind_of
from agent.values import Frame


class Camera(ABC):
    """Yields frames until it ends or is closed. Use it as a context manager.

    ``live`` cameras have no end and may drop frames; ``labels`` is the vocabulary of the truth
    that the frames carry (None: there is no truth). An id without a name is spelled ``#14``.
    Raises ``CameraError`` when frames cannot be had, ``DataError`` when recorded data cannot be
    used. A single bad picture among good ones is counted in ``rejected`` (source -> reason).
    """

    live: ClassVar[bool] = False
    labels: tuple[str, ...] | None = None

    def __init__(self) -> None:
        self.rejected: dict[str, str] = {}

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """The frames in order, indices ascending from 0."""

    def __len__(self) -> int:
        """How many frames there will be; 0 when that is not known."""
        return 0

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


family = Family("camera", __name__, Camera)  # type: ignore[type-abstract]
