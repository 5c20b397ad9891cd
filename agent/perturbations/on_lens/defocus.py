"""Defocus: each point of the scene becomes an even disc."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.values import Pixels

_COARSER: Final = ((16.0, 8), (6.0, 4), (2.0, 2))  # from this radius on, so many px become one
_FINE: Final = 16
_LEAST_RADIUS: Final = 0.5  # a smaller disc lies within one pixel


class Defocus(Perturbation):
    """The lens is focused nearer or farther than the scene: points spread to even discs.

    Severity is the diameter of the circle of confusion, from 0 to ``most_px`` (16: what a lens of
    4 mm at f/2 with pixels of 3 um shows of far things when it is focused at 17 cm), the same all
    over the picture, since all that a road camera should see is far. The kernel is the disc of an
    open round aperture, its edge weighted by area; not a Gaussian. Large discs are applied to a
    reduced picture: 40 dB or more to the exact disc. Means are of picture values, as
    in the field's benchmarks, so burnt-out lamps do not grow into bright discs.
    """

    seeded: ClassVar[bool] = False

    most_px: float = Field(16.0, gt=0, le=80)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        return blurred(pixels, severity * self.most_px / 2)

    def describe(self, severity: float) -> str:
        return f"circle of confusion {severity * self.most_px:.1f} px"


def blurred(pixels: Pixels, radius: float) -> Pixels:
    """A picture whose points are discs of a radius in pixels."""
    if radius <= _LEAST_RADIUS:
        return _small(pixels, radius)
    coarser = next((step for least, step in _COARSER if radius >= least), 1)
    if coarser == 1:
        return _filtered(pixels, disc(radius))
    height, width = pixels.shape[:2]
    below, beside = -height % coarser, -width % coarser
    if below or beside:
        pixels = np.asarray(
            cv2.copyMakeBorder(pixels, 0, below, 0, beside, cv2.BORDER_REFLECT), np.uint8
        )
    whole = (pixels.shape[1], pixels.shape[0])
    for _ in range(coarser.bit_length() - 1):
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
    # The reduction has already spread each point over a square: that much less is left to do.
    left = np.sqrt(radius**2 - (coarser**2 - 1) / 3) / coarser
    soft = _filtered(pixels, disc(float(left)))
    full = np.asarray(cv2.resize(soft, whole, interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.ascontiguousarray(full[:height, :width]) if below or beside else full


def _small(pixels: Pixels, radius: float) -> Pixels:
    """A disc within one pixel hardly spreads: it grows in from none at all."""
    part = radius / _LEAST_RADIUS
    full = _filtered(pixels, disc(_LEAST_RADIUS + 0.05))
    return np.asarray(cv2.addWeighted(full, part, pixels, 1 - part, 0), np.uint8)


def _filtered(pixels: Pixels, kernel: NDArray[np.float32]) -> Pixels:
    border = cv2.BORDER_REFLECT_101
    return np.asarray(cv2.filter2D(pixels, -1, kernel, borderType=border), np.uint8)


@kept
def disc(radius: float) -> NDArray[np.float32]:
    """Even disc of a radius in pixels, weighted by covered area; its sum is 1."""
    reach = max(int(np.ceil(radius - 0.5)), 1)
    side = 2 * reach + 1
    line = (np.arange(side * _FINE) + 0.5) / _FINE - side / 2
    inside = (line[:, None] ** 2 + line[None] ** 2 <= radius**2).astype(np.float32)
    kernel = inside.reshape(side, _FINE, side, _FINE).mean((1, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)
