"""Models: each file is one kind of head, decoding a TFLite file's outputs into a ``Prediction``.

They import values, errors and the card. ``_runtime.py`` alone knows which TFLite package is
installed. ``_load.py`` is the way in: ``load_model`` hashes a card's file, tries it in a child
process, and only then loads it here.

To add one: a file ``agent/models/<kind>.py`` with one public class that extends ``TFLiteModel``
(``_tflite.py``), and its test on outputs that a person can work out by hand.
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

    def describe(self) -> dict[str, str | int]:
        """What identifies the model in the record of a result."""
        return {
            "name": self.name,
            "kind": self.kind,
            "sha256": self.sha256,
            "runtime": self.runtime,
        }

    @abstractmethod
    def _predict(self, pixels: Pixels) -> Prediction: ...


family = Family("model kind", __name__, Model)  # type: ignore[type-abstract]
