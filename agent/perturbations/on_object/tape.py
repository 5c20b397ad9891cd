"""Black and white strips of tape on a sign, as in the sticker attacks on stop signs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import compose, measure_light
from agent.geometry.plane import Plane, Window
from agent.perturbations import Moment, Perturbation
from agent.values import Pixels

_REFERENCE_FACE_CM2 = 4810.0  # the 30 in stop sign's octagon
_BLACK, _WHITE = 0.04, 0.86  # reflectance of vinyl tape
_BANDS_CM = (-21.0, 21.0)  # above and below the legend of a 30 in sign
_REFERENCE_CM = 76.2


class Tape(Perturbation):
    """Rectangular strips above and below the legend, black and white by turns.

    The layout of the RP2 paper's camouflage (Eykholt et al. 2018): ``count`` strips of
    ``length_cm`` by ``width_cm``, half of them above the legend and half below, nearly level or
    nearly upright. Severity is their area, in proportion: one strip after another grows along its
    length. The defaults cover 15 % of a 30 in sign, as that paper's do. Strips shrink with smaller
    signs. Placed, lit and blurred as ``sticker`` is.
    """

    count: int = Field(6, ge=1, le=24)
    length_cm: float = Field(20.0, gt=0.5, le=76)
    width_cm: float = Field(6.0, gt=0.2, le=30)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        window = plane.window(pixels.shape)
        if severity <= 0 or window.empty:
            return pixels.copy()
        layer = self._layer(plane, window, severity, moment)
        return compose(pixels, window, layer, measure_light(pixels, plane, window))

    def describe(self, severity: float) -> str:
        area = severity * self.count * self.length_cm * self.width_cm
        share = 100 * area / _REFERENCE_FACE_CM2
        return f"{area:.0f} cm² ({share:.1f} % of a 76 cm sign)"

    def _layer(
        self, plane: Plane, window: Window, severity: float, moment: Moment
    ) -> NDArray[np.float32]:
        """Strips as reflectance times coverage and coverage, (h, w, 4) in [0, 1]."""
        chance = moment.generator(self.kind())
        draws = chance.uniform(-1, 1, (self.count, 4))
        order = chance.permutation(self.count)
        layer = np.zeros((window.height, window.width, 4), np.float32)
        for number in range(self.count):
            grown = float(np.clip(severity * self.count - order[number], 0, 1))
            if grown <= 0:
                continue
            strip = self._strip(number, draws[number], grown)
            cover = plane.fill(strip * min(1.0, plane.size_cm / _REFERENCE_CM), window)
            part = cover.astype(np.float32)[..., None] / 255
            tone = _BLACK if number // 2 % 2 == 0 else _WHITE
            layer *= 1 - part
            layer += part * np.array((tone, tone, tone, 1.0), np.float32)
        return layer

    def _strip(self, number: int, draws: NDArray[np.float64], grown: float) -> NDArray[np.float64]:
        """Corners (4, 2) in centimetres on a 30 in sign."""
        columns = -(-self.count // 2)
        step = 46.0 / columns
        x = (number // 2 - (columns - 1) / 2) * step + 0.15 * step * draws[0]
        y = _BANDS_CM[number % 2] + 1.5 * draws[1]
        upright = self.length_cm > step  # where there is no room to lie, they stand
        angle = np.radians(8 * draws[2] + (78 if upright else 0))
        along = grown * self.length_cm / 2 * np.array((np.cos(angle), np.sin(angle)))
        across = self.width_cm / 2 * np.array((-np.sin(angle), np.cos(angle)))
        corners = np.stack([along + across, along - across, -along - across, across - along])
        return np.asarray(corners + np.array((x, y)))
