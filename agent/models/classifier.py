"""One label for the whole frame: an output of scores, one per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.models._labels import by_output
from agent.models._preprocess import Placement
from agent.models._tflite import TFLiteModel
from agent.values import Prediction

_SLACK: Final = 0.02  # rounding of a quantised softmax


class Classifier(TFLiteModel):
    """Output [1, C] (or [1, 1, 1, C]): probabilities, or logits, which get a softmax here.

    Whether they are logits is told once, from the answer to a fixed noise picture: probabilities
    stay within 0 and 1.
    """

    detects = False

    def _open(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        if len(self.graph.outputs) != 1:
            raise self._unfit("one output [1, classes]")
        self._output = self.graph.outputs[0]
        shape = self._output.shape
        if len(shape) < 2 or shape[-1] < 2 or np.prod(shape) != shape[-1]:
            raise self._unfit("one output [1, classes]")
        example = self._output.real(self.graph.example[0])
        sound = example[np.isfinite(example)]
        self._logits = bool(((sound < -_SLACK) | (sound > 1 + _SLACK)).any())
        offset = self.card.output.label_offset
        return by_output(lines, shape[-1], offset, self.card.file.name)

    def _decode(self, outputs: Sequence[NDArray[Any]], placement: Placement) -> Prediction:
        raw = self._output.real(outputs[0]).reshape(-1)
        # A broken model may answer NaN: a score that is no number is no score.
        sound = np.isfinite(raw)
        scores = np.where(sound, raw, 0)
        if self._logits and sound.any():
            scores = np.where(sound, np.exp(scores - raw[sound].max()), 0)
            scores /= scores.sum()
        return Prediction(scores=np.clip(scores, 0, 1).astype(np.float32), labels=self.labels)
