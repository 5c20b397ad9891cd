"""YOLO detectors with decoded boxes: v5 and v7 with objectness, v8 and v11 without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.errors import ModelError
from agent.models._boxes import detections, from_centres, suppress
from agent.models._labels import by_output, mismatch
from agent.models._preprocess import Placement
from agent.models._tflite import TFLiteModel
from agent.values import Prediction

_STRIDES: Final = (8, 16, 32)
_ANCHORS: Final = 3  # per cell, in the versions that have objectness
_PIXELS: Final = 2.0  # centres beyond this are pixels, not shares of the input
_EXPORT: Final = (
    "Export the model with its boxes decoded and without suppression inside "
    "(Ultralytics: format=tflite nms=False)."
)


class Yolo(TFLiteModel):
    """One output of N candidates, each centre x, centre y, width, height, [objectness,] C scores.

    Either axis may be the candidates': [1, N, 5+C] (v5: score = objectness * class), [1, 4+C, N] or
    [1, N, 4+C] (v8, v11). Which it is follows from the number of labels and the input's size.
    Boxes are shares of the input or its pixels; the answer to a noise picture tells which.
    A candidate counts for its best class alone; suppression is greedy within a class, with the
    card's ``iou_threshold``. (Redmon et al. 2016; Ultralytics' export formats.)
    """

    detects = True

    def _open(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        if len(self.graph.outputs) != 1 or len(self.graph.outputs[0].shape) != 3:
            raise self._unfit("one output [1, N, 4+C] or [1, N, 5+C]", _EXPORT)
        self._output = self.graph.outputs[0]
        self._attributes_first, self._objectness = self._layout(lines)
        self._first = 5 if self._objectness else 4
        table = self._table(self.graph.example)
        centres = self._output.real(table[:2])
        size = self._preprocess.width, self._preprocess.height
        self._unit = (1.0, 1.0) if centres.max() > _PIXELS else size
        classes = table.shape[0] - self._first
        return by_output(lines, classes, self.card.output.label_offset, self.card.file.name)

    def _layout(self, lines: tuple[str, ...]) -> tuple[bool, bool]:
        """Whether attributes are the first axis, and whether there is objectness."""
        classes = len(lines) - self.card.output.label_offset
        fits = [
            (axis == 1, objectness)
            for axis in (1, 2)
            for objectness in (False, True)
            if self._output.shape[axis] == classes + (5 if objectness else 4)
            and self._plausible(axis, objectness)
        ]
        if not fits:
            raise self._misfit(lines)
        return fits[0]

    def _plausible(self, axis: int, objectness: bool) -> bool:
        """Candidates per cell tell the versions apart: three with objectness, else one.

        One per cell and objectness, candidates first, is YOLOX and v6. Other numbers of candidates
        (further strides) tell nothing.
        """
        candidates, cells = self._output.shape[3 - axis], self._cells()
        if candidates == cells * _ANCHORS:
            return objectness
        return not (candidates == cells and objectness and axis == 1)

    def _cells(self) -> int:
        height, width = self._preprocess.height, self._preprocess.width
        return sum((height // stride) * (width // stride) for stride in _STRIDES)

    def _misfit(self, lines: tuple[str, ...]) -> ModelError:
        """Too many or too few labels, or an output of another kind."""
        shape, cells = self._output.shape, self._cells()
        for axis in (1, 2):
            if shape[3 - axis] in (cells, cells * _ANCHORS):
                classes = shape[axis] - (4 if shape[3 - axis] == cells else 5)
                offset = self.card.output.label_offset
                return mismatch(lines, classes, offset, self.card.file.name)
        classes = len(lines) - self.card.output.label_offset
        return self._unfit(
            f"[1, N, {classes + 4}] or [1, N, {classes + 5}] for {classes} labels", _EXPORT
        )

    def _table(self, outputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The output as stored, attributes by candidates (4+C or 5+C, N); a view."""
        table: NDArray[Any] = outputs[0][0]
        return table if self._attributes_first else table.T

    def _decode(self, outputs: Sequence[NDArray[Any]], placement: Placement) -> Prediction:
        table = self._table(outputs)
        likely = self._output.real(table[:, self._likely(table)])
        scores = likely[self._first :] * (likely[4] if self._objectness else 1)
        classes, best = scores.argmax(axis=0), scores.max(axis=0, initial=0)
        keep = (best >= self.card.output.score_threshold) & self._wanted[classes]
        boxes = from_centres(likely[:4, keep].T * np.array([*self._unit * 2], np.float32))
        best, classes = best[keep], classes[keep]
        kept = suppress(boxes, best, classes, self.card.output.iou_threshold)
        corners = placement.to_frame(boxes[kept])
        return Prediction(detections(corners, best[kept], classes[kept], self.labels))

    def _likely(self, table: NDArray[Any]) -> NDArray[np.int64]:
        """Candidates that can reach the threshold, told from stored values: few of thousands."""
        if self._objectness:
            bound = table[4]
        else:
            scores = table[self._first :]
            bound = (scores if self._wanted.all() else scores[self._wanted]).max(axis=0)
        return np.flatnonzero(bound >= self._output.stored(self.card.output.score_threshold) - 1e-3)
