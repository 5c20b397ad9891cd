"""What all heads share: a card, a graph with one picture as input, and the labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.card import ModelCard
from agent.errors import ModelError
from agent.models import Model
from agent.models._graph import Graph
from agent.models._labels import targets_of
from agent.models._preprocess import Placement, Preprocessor
from agent.values import Pixels, Prediction


class TFLiteModel(Model):
    """A head over a loaded file.

    A head is built from the file's tensors as they are: ``_open`` looks at the outputs, refuses
    those that it cannot decode, and returns the labels in output order; ``_decode`` turns one
    run's outputs into a prediction.
    """

    def __init__(self, card: ModelCard, graph: Graph, lines: Sequence[str], sha256: str) -> None:
        """``lines`` are those of the label list. Raises ``ModelError`` where they do not fit."""
        super().__init__()
        self.card = card
        self.graph = graph
        self.sha256 = sha256
        self.name = card.file.stem
        delegate = graph.execution.delegate
        self.runtime = graph.runtime.name + ("" if delegate == "xnnpack" else f", {delegate}")
        self._preprocess = Preprocessor(card.input, graph.inputs[0])
        self.labels = self._open(tuple(lines))
        self.targets = targets_of(card, self.labels)
        interest = frozenset(self.targets)
        self._wanted = np.array([label in interest for label in self.labels], bool)

    def describe(self) -> dict[str, str | int]:
        """What was run, for the record of a result: file, input, runtime, threads."""
        return {
            **super().describe(),
            "file": self.card.file.name,
            "input": str(self.graph.inputs[0]),
            "threads": self.graph.threads,
        }

    def _predict(self, pixels: Pixels) -> Prediction:
        tensor, placement = self._preprocess(pixels)
        return self._decode(self.graph.run(tensor), placement)

    @abstractmethod
    def _open(self, lines: tuple[str, ...]) -> tuple[str, ...]: ...

    @abstractmethod
    def _decode(self, outputs: Sequence[NDArray[Any]], placement: Placement) -> Prediction: ...

    def _unfit(self, expected: str, remedy: str = "") -> ModelError:
        """The error for outputs that this head cannot decode."""
        found = "; ".join(str(tensor) for tensor in self.graph.outputs)
        return ModelError(
            f"The outputs of {self.card.file.name} are not those of kind {self.kind!r}: "
            f"expected is {expected}, found is {found}.",
            remedy=remedy or f"See what the file is: fieldproof model inspect {self.card.file}",
        )
