"""Motion blur of ImageNet-C: a wand that fades to one end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations.benchmark._blur_room import room
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

RADIUS_PX: Final = (10, 15, 15, 15, 20)
SIGMA_PX: Final = (3, 5, 8, 12, 15)
_WIDEST_DEG: Final = 45.0
_LEAST_WEIGHT: Final = 5e-4
_DIRECT_CELLS: Final = 129
"""OpenCV filters 8-bit pictures tap by tap up to so many cells of a kernel, and by a Fourier
transform of all cells, empty ones included, above."""
_SCALE: Final = 64  # sums of parts are kept in 64ths of a level, which 16 bits hold


@dataclass(frozen=True, slots=True)
class Tap:
    """A share of the picture, seen from so many pixels to the right and below."""

    weight: float
    dx: int
    dy: int


class IcMotionBlur(Corruption):
    """The camera moves while the shutter is open, as in ImageNet-C: a trail to one side.

    The trail has 2 r + 1 steps of one pixel, each rounded to whole pixels, with the weights of the
    falling half of a Gaussian of spread sigma: r is 10, 15, 15, 15 and 20 px and sigma 3, 5, 8, 12
    and 15 px at levels 1 to 5 (Hendrycks and Dietterich 2019), on encoded values. The angle is
    drawn from -45 to 45 degrees, once per clip. Beyond the edges the outermost pixels go on. As in
    the standard's code a trail ends where it is as long as the picture, which darkens pictures of
    less than 41 px unless ``scaled``.
    """

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        radius = round(self.px(at_level(RADIUS_PX, severity, 0.0), pixels.shape))
        if radius == 0:
            return pixels.copy()
        sigma = self.px(at_level(SIGMA_PX, severity, 0.0), pixels.shape)
        angle = moment.generator(self.kind()).uniform(-_WIDEST_DEG, _WIDEST_DEG)
        return trailed(pixels, trail(radius, sigma, angle, pixels.shape))

    def describe(self, severity: float) -> str:
        radius, sigma = (at_level(c, severity, 0.0) for c in (RADIUS_PX, SIGMA_PX))
        return f"level {LEVELS * severity:.3g}: trail of {2 * radius:.0f} px, sigma {sigma:.1f} px"


def trail(radius: int, sigma: float, angle: float, shape: tuple[int, ...]) -> list[Tap]:
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    weights /= weights.sum()
    across = np.ceil(steps * math.cos(math.radians(angle)) - 0.5).astype(int)
    down = np.ceil(steps * math.sin(math.radians(angle)) - 0.5).astype(int)
    inside = (across < shape[1]) & (np.abs(down) < shape[0])
    seen = inside & (weights > _LEAST_WEIGHT)
    weights *= weights[inside].sum() / weights[seen].sum()
    found = zip(weights[seen].tolist(), across[seen].tolist(), down[seen].tolist(), strict=True)
    return [Tap(*each) for each in found]


def trailed(pixels: Pixels, taps: list[Tap]) -> Pixels:
    """The sum of a picture's taps, in parts whose kernels are small."""
    height, width = pixels.shape[:2]
    parts = [_kernel(part) for part in _parts(taps)]
    rows = height - 1 + max(kernel.shape[0] for kernel, _, _ in parts)
    columns = width - 1 + max(kernel.shape[1] for kernel, _, _ in parts)
    above = max(0, -min(y for _, _, y in parts))
    below = max(0, rows - height + max(y for _, _, y in parts))
    right = columns - width + max(x for _, x, _ in parts)
    wide = room(0, (height + above + below, width + right, 3), np.uint8)
    cv2.copyMakeBorder(pixels, above, below, 0, right, cv2.BORDER_REPLICATE, dst=wide)
    total, summed = (room(place, (rows, columns, 3), np.int16) for place in (1, 2))
    for n, (kernel, x, y) in enumerate(parts):
        seen = wide[above + y : above + y + rows, x : x + columns]
        cv2.filter2D(seen, cv2.CV_16S, kernel, dst=summed if n else total, anchor=(0, 0))
        if n:
            cv2.add(total, summed, dst=total)
    return np.asarray(cv2.convertScaleAbs(total[:height, :width], alpha=1 / _SCALE), np.uint8)


def _parts(taps: list[Tap]) -> Iterator[list[Tap]]:
    part: list[Tap] = []
    for tap in taps:
        first = part[0] if part else tap
        if (tap.dx - first.dx + 1) * (abs(tap.dy - first.dy) + 1) > _DIRECT_CELLS:
            yield part
            part = []
        part.append(tap)
    yield part


def _kernel(part: list[Tap]) -> tuple[NDArray[np.float32], int, int]:
    """A part's kernel with its place: columns to the right and rows below of its first cell."""
    x, y = min(tap.dx for tap in part), min(tap.dy for tap in part)
    size = (max(tap.dy for tap in part) - y + 1, max(tap.dx for tap in part) - x + 1)
    kernel = np.zeros(size, np.float32)
    for tap in part:
        kernel[tap.dy - y, tap.dx - x] += tap.weight * _SCALE
    return kernel, x, y
