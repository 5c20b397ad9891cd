"""What is measured of a target's pixels, to slice results by: light, contrast, focus and size."""

from __future__ import annotations

import math
from datetime import datetime, tzinfo

import cv2
import numpy as np

from agent.values import Box, Frame, Pixels, Target


def measured(frame: Frame, target: Target, zone: tzinfo | None = None) -> dict[str, float]:
    """A target's properties on the clean frame, by the names of ``agent.metrics.bands.BANDS``.

    ``brightness``, ``contrast`` and ``sharpness`` of the region's pixels (of the whole frame where
    there is no region), ``size_px``; ``distance_m`` where it is known, and ``hour`` in ``zone``
    (None: the machine's own) where the camera told the time of capture.
    """
    found = {**appearance(frame.pixels, target.region), "size_px": size_px(frame, target.region)}
    if target.distance_m is not None:
        found["distance_m"] = target.distance_m
    if frame.wall > 0:
        found["hour"] = _hour(frame.wall, zone)
    return found


def appearance(pixels: Pixels, region: Box | None = None) -> dict[str, float]:
    """Brightness, contrast and sharpness of uint8 RGB pixels (H, W, 3) within a region.

    Luma 0..255 (ITU-R BT.601): its mean, its standard deviation (contrast in RMS, Peli 1990, not
    divided by the mean), and the variance of its Laplacian (Pech-Pacheco et al. 2000), which noise
    raises too. The region is cut to whole pixels and to the picture; one that lies outside of
    it, or is thinner than a pixel, is measured as its nearest pixel.

    >>> appearance(np.full((4, 4, 3), 100, np.uint8))
    {'brightness': 100.0, 'contrast': 0.0, 'sharpness': 0.0}
    """
    luma = cv2.cvtColor(_cut(pixels, region), cv2.COLOR_RGB2GRAY)
    # The border is reflected, so that the cut itself is no edge.
    edges = cv2.Laplacian(luma, cv2.CV_32F, borderType=cv2.BORDER_REFLECT_101)
    return {
        "brightness": float(luma.mean()),
        "contrast": float(luma.std()),
        "sharpness": float(np.var(edges, dtype=np.float64)),
    }


def size_px(frame: Frame, region: Box | None) -> float:
    """The root of the target's area in px^2, within or without the picture."""
    area = frame.width * frame.height if region is None else region.area
    return math.sqrt(area)


def _cut(pixels: Pixels, region: Box | None) -> Pixels:
    if region is None:
        return pixels
    height, width = pixels.shape[:2]
    x0, x1 = _span(region.x0, region.x1, width)
    y0, y1 = _span(region.y0, region.y1, height)
    return np.ascontiguousarray(pixels[y0:y1, x0:x1])


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """Whole pixels from low to high, at least one, within [0, size)."""
    first = min(max(math.floor(low), 0), size - 1)
    return first, min(max(math.ceil(high), first + 1), size)


def _hour(wall: float, zone: tzinfo | None) -> float:
    moment = datetime.fromtimestamp(wall, zone)
    return moment.hour + moment.minute / 60
