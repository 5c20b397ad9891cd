"""Vignetting: a lens that passes less light towards the picture's corners."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_lens._film import Bytes, dimmed, value_factor
from agent.values import Pixels


class Vignetting(Perturbation):
    """The picture darkens towards its corners: the cosine law, then the lens's own rims.

    Severity is the loss of light at the corner, from 0 to ``most_ev`` (3: a small wide-angle module
    wide open with a hood that is a little too narrow). Up to what the cosine law gives at
    ``half_angle_deg``, the corner's angle from the axis, the light falls as the fourth power of
    the cosine, as for a thin lens with a round stop. What is lost beyond that is mechanical: seen
    from the side, the front and the rear rim overlap like two equal discs drawn apart, and the
    part of the disc that both leave open passes. All in linear light; the middle keeps its light.
    """

    seeded: ClassVar[bool] = False

    most_ev: float = Field(3.0, gt=0, le=8)
    half_angle_deg: float = Field(35.0, gt=0, le=60)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        shape = (pixels.shape[0], pixels.shape[1])
        return dimmed(pixels, _factor(shape, severity * self.most_ev, self.half_angle_deg))

    def describe(self, severity: float) -> str:
        return f"{severity * self.most_ev:.2f} EV lost at the corner"


@kept
def _factor(shape: tuple[int, int], loss_ev: float, half_angle_deg: float) -> Bytes:
    """What is left of each pixel's value, 0..255 (H, W)."""
    down = (np.arange(shape[0], dtype=np.float32) + np.float32(0.5)) * 2 - shape[0]
    across = (np.arange(shape[1], dtype=np.float32) + np.float32(0.5)) * 2 - shape[1]
    diagonal = shape[0] ** 2 + shape[1] ** 2
    square = (down[:, None] ** 2 + across[None] ** 2) * np.float32(511 / diagonal)
    by_square = value_factor(_passed(np.sqrt(np.arange(512) / 511), loss_ev, half_angle_deg))
    return np.asarray(by_square[np.asarray(square + np.float32(0.5)).astype(np.uint16)])


def _passed(
    away: NDArray[np.float64], loss_ev: float, half_angle_deg: float
) -> NDArray[np.float64]:
    """Light left over at distances from the middle, in parts of the half diagonal."""
    widest = -4 * np.log2(np.cos(np.radians(half_angle_deg)))
    natural = min(loss_ev, widest)
    slope = 2 ** (natural / 4) * np.sqrt(1 - 2 ** (-natural / 2))  # tan of the corner's angle
    light = 1 / (1 + (slope * away) ** 2) ** 2
    shifts = np.linspace(0, 1, 512)
    open_parts = _overlap(shifts)
    at_corner = np.interp(-(2.0 ** (natural - loss_ev)), -open_parts, shifts)
    return np.asarray(light * _overlap(at_corner * away))


def _overlap(shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Common part of two equal discs whose centres are ``shift`` diameters apart."""
    return np.asarray(2 / np.pi * (np.arccos(shift) - shift * np.sqrt(1 - shift**2)))
