"""Single-shot detectors whose post-processing is in the file (``TFLite_Detection_PostProcess``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.card import Part
from agent.models._boxes import detections
from agent.models._labels import mismatch
from agent.models._preprocess import Placement
from agent.models._tflite import TFLiteModel
from agent.values import Prediction


class Ssd(TFLiteModel):
    """Four outputs in the card's ``order``, N detections each, suppression already done.

    ``boxes`` [1, N, 4] are ymin, xmin, ymax, xmax as shares of the input; ``classes`` and
    ``scores`` [1, N]; ``count`` [1], how many of the N are meant. A class beyond the label list
    is dropped. (Liu et al. 2016, SSD: Single Shot MultiBox Detector.)
    """

    detects = True

    def _open(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        outputs = self.graph.outputs
        if sorted(_role(t.shape) for t in outputs) != ["boxes", "count", "values", "values"]:
            raise self._unfit("boxes [1, N, 4], classes [1, N], scores [1, N], count [1]")
        self._index = {part: i for i, part in enumerate(self.card.output.order)}
        self._check_order()
        self._check_count(lines)
        self._offset = self.card.output.label_offset
        return lines

    def _check_order(self) -> None:
        """Shapes, and the values for a noise picture, must bear the card's order out."""
        roles = [_role(t.shape) for t in self.graph.outputs]
        expected = [
            part if part in ("boxes", "count") else "values" for part in self.card.output.order
        ]
        scores = self._real(self.graph.example, "scores")
        if roles == expected and not np.any((scores < 0) | (scores > 1)):
            return
        usual = '["scores", "boxes", "count", "classes"]'
        raise self._unfit(
            f"the order {', '.join(self.card.output.order)}",
            f"Set order under [output] in the card, such as order = {usual}.",
        )

    def _check_count(self, lines: tuple[str, ...]) -> None:
        """The operator's own input tells the number of classes, with or without a background."""
        known = self.graph.anchor_scores()
        offset = self.card.output.label_offset
        if known and len(lines) - offset not in (known - 1, known):
            raise mismatch(lines, known - 1, offset, self.card.file.name)

    def _real(self, outputs: Sequence[NDArray[Any]], part: Part) -> NDArray[np.float32]:
        index = self._index[part]
        return self.graph.outputs[index].real(outputs[index])

    def _decode(self, outputs: Sequence[NDArray[Any]], placement: Placement) -> Prediction:
        # A broken model may answer NaN: a count that is no number counts nothing.
        count = int(np.nan_to_num(self._real(outputs, "count").reshape(-1)[0], posinf=0, neginf=0))
        scores = self._real(outputs, "scores").reshape(-1)[:count]
        classes = np.rint(self._real(outputs, "classes").reshape(-1)[:count]).astype(np.int64)
        lines = classes + self._offset
        keep = scores >= self.card.output.score_threshold
        keep &= (lines >= 0) & (lines < len(self.labels))
        keep[keep] = self._wanted[lines[keep]]
        boxes = self._real(outputs, "boxes").reshape(-1, 4)[:count][keep]
        size = np.array([self._preprocess.width, self._preprocess.height] * 2, np.float32)
        corners = placement.to_frame(boxes[:, [1, 0, 3, 2]] * size)
        return Prediction(detections(corners, scores[keep], lines[keep], self.labels))


def _role(shape: tuple[int, ...]) -> str:
    if shape == () or shape == (1,):
        return "count"
    return "boxes" if len(shape) == 3 and shape[-1] == 4 else "values"
