"""Changes of hue, saturation and value without the way there and back.

A pixel's largest channel is its value V. Where hue stays, its channels keep their order and the
ratios of their distances to V; so every such change is a new V and one factor on the distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.values import Pixels

Plane = NDArray[np.uint8]


def spread(
    planes: Sequence[NDArray[Any]], value: Plane, span: Plane, top: Plane, wanted: Plane
) -> Pixels:
    """``top - (value - channel) * wanted / span`` for the three channels, each (H, W).

    Where ``span`` is 0 the distance is taken as 0.
    """
    changed = []
    for plane in planes:
        share = cv2.divide(cv2.subtract(value, plane), span, scale=255)
        changed.append(cv2.subtract(top, cv2.multiply(share, wanted, scale=1 / 255)))
    return np.asarray(cv2.merge(changed), np.uint8)
