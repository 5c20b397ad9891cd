"""Models: each file is one kind of head, decoding a TFLite file's outputs into a ``Prediction``.

They import values and errors. ``_runtime.py`` alone knows which TFLite package is installed.

To add one: a file ``agent/models/<kind>.py`` with one public class that extends ``Model``, and
its test with a small file or recorded outputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from agent.family import Family, kind_of
from agent.values import Pixels, Prediction


class Model(ABC):
    """A loaded model. ``predict`` counts every query, so that no budget can be bypassed.

    ``labels`` are the output labels in order, ``targets`` those of interest; ``detects`` tells a
    detector from a classifier; ``sha256`` and ``name`` identify the file; ``runtime`` names the
    TFLite package and version that runs it.
    """

    detects: ClassVar[bool]
    labels: tuple[str, ...]
    targets: tuple[str, ...]
    name: str
    sha256: str
    runtime: str

    def __init__(self) -> None:
        self.queries = 0

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    def predict(self, pixels: Pixels) -> Prediction:
        """The answer for one uint8 RGB frame (H, W, 3)."""
        self.queries += 1
        return self._predict(pixels)

    @abstractmethod
    def _predict(self, pixels: Pixels) -> Prediction: ...


family = Family("model kind", __name__, Model)  # type: ignore[type-abstract]
