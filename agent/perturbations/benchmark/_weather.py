"""What the standard's weather is drawn with: chance for kept layers, sizes that follow 224 px."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations.benchmark._imagenet_c import REFERENCE_PX

Size = tuple[int, int]
"""Height and width."""

TRUNCATE = -0.499
"""Added before rounding: the standard cuts its values off to whole levels."""


def chance_of(seed: int) -> np.random.Generator:
    """The generator of a kept drawing, whose argument can only be a number."""
    return np.random.Generator(np.random.SFC64(seed))


def drawing_size(shape: tuple[int, ...], scaled: bool) -> Size:
    """The size at which a layer is drawn: the picture's, or where lengths follow the picture
    that of one with a shorter side of 224 px."""
    height, width = shape[:2]
    if not scaled:
        return height, width
    shrink = REFERENCE_PX / min(height, width)
    return max(round(height * shrink), 1), max(round(width * shrink), 1)


def fitted(layer: NDArray[Any], size: Size) -> NDArray[Any]:
    """A drawing (h, w) or (h, w, 3) resized to a picture's size, by area where it shrinks."""
    if layer.shape[:2] == size:
        return layer
    smaller = size[0] < layer.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(layer, (size[1], size[0]), interpolation=how))


def three(layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A gray layer (H, W) as (H, W, 3)."""
    return np.asarray(cv2.merge([layer, layer, layer]), np.uint8)
