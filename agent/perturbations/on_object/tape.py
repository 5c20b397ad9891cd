"""Black and white strips of tape on a sign, as in the sticker attacks on stop signs."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import lay
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object._face import canvas, clipped, paint, shrunk
from agent.values import Pixels, derived_seed

_REFERENCE_FACE_CM2: Final = 4810.0  # the 30 in stop sign's octagon
_BLACK, _WHITE = 10, 219  # reflectance of vinyl tape, of 255
_BANDS_CM: Final = (-21.0, 21.0)  # above and below the legend of a 30 in sign
_REFERENCE_CM: Final = 76.2


class Tape(Perturbation):
    """Rectangular strips above and below the legend, black and white by turns.

    The layout of the RP2 paper's camouflage (Eykholt et al. 2018): ``count`` strips of
    ``length_cm`` by ``width_cm``, half of them above the legend and half below, nearly level or
    nearly upright. Severity is their area, in proportion: one strip after another grows along its
    length. The defaults cover 15 % of a 30 in stop sign, as that paper's do; the share described
    is that of such a sign. Strips shrink with smaller signs and end at the rim of narrower faces.
    Placed, lit and blurred as ``sticker`` is.
    """

    count: int = Field(6, ge=1, le=24)
    length_cm: float = Field(20.0, gt=0.5, le=76)
    width_cm: float = Field(6.0, gt=0.2, le=30)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        plane = moment.plane(pixels.shape)
        seed = derived_seed(moment.seed, self.kind())
        scale = min(1.0, _REFERENCE_CM / plane.size_cm)
        layer = _layer(plane.layer_side(), seed, self, plane.shape, scale, severity)
        return lay(pixels, plane, layer)

    def describe(self, severity: float) -> str:
        area = severity * self.count * self.length_cm * self.width_cm
        share = 100 * area / _REFERENCE_FACE_CM2
        return f"{area:.0f} cm² ({share:.1f} % of a 76 cm sign)"


@kept
def _layer(
    side: int, seed: int, tape: Tape, shape: Shape, scale: float, severity: float
) -> NDArray[np.uint8]:
    """All strips on the sign's hull, (side, side, 4), premultiplied."""
    chance = np.random.Generator(np.random.SFC64(seed))
    draws = chance.uniform(-1, 1, (tape.count, 4))
    order = chance.permutation(tape.count)
    drawing = canvas(side, 2)
    for number in range(tape.count):
        grown = min(max(severity * tape.count - order[number], 0.0), 1.0)
        if grown > 0:
            strip = _strip(tape, number, draws[number], grown) * (scale / _REFERENCE_CM)
            paint(drawing, strip, (_BLACK if number // 2 % 2 == 0 else _WHITE, 255))
    tone, cover = cv2.split(shrunk(drawing, side))
    layer = np.asarray(cv2.merge((tone, tone, tone, cover)), np.uint8)
    return clipped(layer, shape)


def _strip(
    tape: Tape, number: int, draws: NDArray[np.float64], grown: float
) -> NDArray[np.float64]:
    """Corners (4, 2) in centimetres on a 30 in sign."""
    columns = -(-tape.count // 2)
    step = 46.0 / columns
    x = (number // 2 - (columns - 1) / 2) * step + 0.15 * step * draws[0]
    y = _BANDS_CM[number % 2] + 1.5 * draws[1]
    upright = tape.length_cm > step  # where there is no room to lie, they stand
    angle = np.radians(8 * draws[2] + (78 if upright else 0))
    along = grown * tape.length_cm / 2 * np.array((np.cos(angle), np.sin(angle)))
    across = tape.width_cm / 2 * np.array((-np.sin(angle), np.cos(angle)))
    corners = np.stack([along + across, along - across, -along - across, across - along])
    return np.asarray(corners + np.array((x, y)))
