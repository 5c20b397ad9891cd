"""What a capture process runs: a source of raw pictures, described by plain values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """A picture as its source gives it: uint8, ``height`` x ``width`` px.

    ``code`` is OpenCV's conversion to RGB, None where ``data`` is RGB (H, W, 3) already. ``data``
    may be overwritten when the next picture is asked for. ``tags`` is what the driver tells.
    """

    data: NDArray[Any]
    height: int
    width: int
    code: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Source(ABC):
    """One connection to a camera. A frozen dataclass, so that it can be sent to a process."""

    @abstractmethod
    def pictures(self) -> Iterator[Raw]:
        """Open the camera and yield pictures until it has no more; close it then.

        Raises ``CameraError`` where it cannot be opened; with a remedy where trying again
        without that is no use.
        """
