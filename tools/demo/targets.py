"""What the network should answer for a scene: heat, boxes and where each counts.

Objects as points: Zhou et al. 2019, arXiv:1904.07850. Cell (i, j) covers 8 x 8 px.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.demo.drawing import CLASSES, IGNORE

STRIDE = 8
REFERENCE = 32.0  # px; widths and heights are given as log(size / REFERENCE)
SPREAD = 0.11  # standard deviation of a peak, in object sizes
_NARROWEST = 0.55  # and at least this many cells
_CORE = 0.4  # boxes are learnt where the peak is above this

Map = NDArray[np.float16]


def targets(
    boxes: NDArray[np.float32], labels: NDArray[np.int8], side: int
) -> tuple[Map, Map, Map]:
    """Heat (n, n, C) in 0..1; its weight (n, n, 1), 0 or 1; boxes (n, n, 5).

    n = side / 8. The last of the five is the weight of the other four, dx, dy, log(w / 32),
    log(h / 32), as the model's contract has them.
    """
    cells = side // STRIDE
    heat = np.zeros((cells, cells, len(CLASSES)), np.float32)
    counts = np.ones((cells, cells, 1), np.float32)
    regression = np.zeros((cells, cells, 5), np.float32)
    rows = np.arange(cells, dtype=np.float32)[:, None]
    columns = np.arange(cells, dtype=np.float32)[None, :]
    for box, label in zip(boxes, labels, strict=True):
        if label == IGNORE:
            low, high = np.floor(box[:2] / STRIDE), np.ceil(box[2:] / STRIDE)
            counts[int(low[1]) : int(high[1]) + 1, int(low[0]) : int(high[0]) + 1] = 0
            continue
        centre, size = (box[:2] + box[2:]) / 2 / STRIDE, (box[2:] - box[:2]) / STRIDE
        peak_x, peak_y = np.clip(np.floor(centre), 0, cells - 1)
        spread = np.maximum(size * SPREAD, _NARROWEST)
        away = ((columns - peak_x) / spread[0]) ** 2 + ((rows - peak_y) / spread[1]) ** 2
        bump = np.exp(-away / 2)
        heat[..., label] = np.maximum(heat[..., label], bump)
        core = (bump > _CORE) & (bump > regression[..., 4])
        logs = np.log(np.maximum(size * STRIDE, 1.0) / REFERENCE)
        values = np.stack(
            np.broadcast_arrays(centre[0] - columns, centre[1] - rows, logs[0], logs[1], bump), -1
        )
        regression[core] = values[core]
    return heat.astype(np.float16), counts.astype(np.float16), regression.astype(np.float16)
