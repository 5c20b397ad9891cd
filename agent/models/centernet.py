"""Objects as points: a heat map of centres and the boxes around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.models._boxes import detections, from_centres, suppress
from agent.models._labels import by_output
from agent.models._preprocess import Placement
from agent.models._tflite import TFLiteModel
from agent.values import Prediction

_REFERENCE: Final = 32.0  # input pixels: sizes are given as the logarithm of their ratio to it
_LARGEST: Final = 6.0  # exp(6) * 32 is 12,900 pixels: beyond any picture, short of infinity


class Centernet(TFLiteModel):
    """Outputs ``heat`` [1, h, w, C], in [0, 1], and ``box`` [1, h, w, 4], told by their names.

    ``box`` holds dx, dy, log(width / 32), log(height / 32) at each cell. With stride s = input
    height / h, cell (row i, column j) has its centre at ((j + dx) * s, (i + dy) * s) and its size
    in input pixels. A cell counts where its heat is the greatest of its 3 x 3 neighbourhood; then
    doubles are dropped, class by class, with the card's ``iou_threshold``.
    (Zhou, Wang, Kraehenbuehl 2019, Objects as Points.)
    """

    detects = True

    def _open(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        at = {tensor.name: index for index, tensor in enumerate(self.graph.outputs)}
        if set(at) != {"heat", "box"}:
            raise self._unfit("two outputs, called heat and box in the file's signature")
        self._heat, self._box = at["heat"], at["box"]
        heat, box = self.graph.outputs[self._heat].shape, self.graph.outputs[self._box].shape
        if len(heat) != 4 or box != (*heat[:3], 4):
            raise self._unfit("heat [1, h, w, C] and box [1, h, w, 4]")
        self._stride = self._preprocess.width / heat[2], self._preprocess.height / heat[1]
        return by_output(lines, heat[3], self.card.output.label_offset, self.card.file.name)

    def _decode(self, outputs: Sequence[NDArray[Any]], placement: Placement) -> Prediction:
        rows, columns, classes, scores = self._peaks(outputs[self._heat][0])
        box = self.graph.outputs[self._box].real(outputs[self._box][0][rows, columns])
        centres = np.stack([columns, rows], axis=1) + box[:, :2]
        sizes = _REFERENCE * np.exp(np.minimum(box[:, 2:], _LARGEST))
        centred = np.concatenate([centres * np.array(self._stride), sizes], axis=1)
        boxes = from_centres(centred.astype(np.float32))
        kept = suppress(boxes, scores, classes, self.card.output.iou_threshold)
        corners = placement.to_frame(boxes[kept])
        return Prediction(detections(corners, scores[kept], classes[kept], self.labels))

    def _peaks(self, heat: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Rows, columns, classes and scores of the local maxima at or above the threshold.

        ``heat`` (h, w, C) is as stored: only the few cells above the threshold are looked at.
        """
        tensor = self.graph.outputs[self._heat]
        threshold = self.card.output.score_threshold
        bound = tensor.stored(threshold) - 1e-3
        rows, columns, classes = np.nonzero((heat >= bound) & self._wanted)
        padded = np.pad(heat, ((1, 1), (1, 1), (0, 0)), mode="edge")
        around = [padded[rows + i, columns + j, classes] for i in range(3) for j in range(3)]
        own = heat[rows, columns, classes]
        scores = tensor.real(own)
        keep = (own >= np.array(around).max(axis=0)) & (scores >= threshold)
        return rows[keep], columns[keep], classes[keep], scores[keep]
