"""Bands of lamps that flicker with the mains, under a rolling shutter."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations.in_sensor._readout import row_times_s
from agent.values import Pixels

_ENCODING: Final = 1 / 2.4  # exponent of the sRGB curve above its toe
_OFFSET: Final = 0.055 / 1.055 * 255
_SCALE: Final = 190.0  # 190 * 2 ** (1 / 2.4) fits a byte
_NOMINAL: Final = Moment()


class Banding(Perturbation):
    """Bright and dark bands: lamps that flicker at twice the mains' frequency, read row by row.

    Light of a lamp without a smoothing capacitor swings by ``m`` about its mean, m = (most -
    least) / (most + least) the percent flicker of the IES; in fluorescent lamps about 35 %, in
    plain LED lamps up to 100 % (IEEE 1789). A row that starts at t and is exposed for T gets
    1 + m sinc(2 f T) cos(2 pi 2 f (t + T / 2)) of the mean light: the exposure evens out flicker,
    wholly where it lasts a multiple of the period. Rows follow each other by the sensor's read-out
    time, so that 20 ms show two bands of 50 Hz mains; they wander from frame to frame as the
    frame rate beats against the mains. Severity is m in proportion, up to ``deepest``, of all
    light in the picture. The texts are for the default sensor (8 ms; a short exposure by day or
    under a bright lamp shows far more): ``exposure_s`` sets another than the sensor's.
    """

    motion: ClassVar[Motion] = "moving"

    mains_hz: Literal[50, 60] = 50
    deepest: float = Field(1.0, gt=0, le=1)
    exposure_s: float | None = Field(None, gt=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        return _scaled(pixels, self.row_gains(pixels.shape, severity, moment))

    def row_gains(
        self, shape: tuple[int, ...], severity: float, moment: Moment
    ) -> NDArray[np.float64]:
        """What the light of each row is multiplied by, (H,)."""
        exposure = self._exposure_s(moment)
        turn = 2 * np.pi * moment.generator(self.kind()).random()
        middle = row_times_s(shape, moment) + exposure / 2
        wave = np.cos(4 * np.pi * self.mains_hz * middle + turn)
        return np.asarray(1 + self._depth(severity, exposure) * wave)

    def describe(self, severity: float) -> str:
        seen = abs(self._depth(severity, self._exposure_s(_NOMINAL)))
        flicker = 100 * severity * self.deepest
        return f"{flicker:.0f} % flicker at {2 * self.mains_hz} Hz, ±{100 * seen:.1f} % of light"

    def _exposure_s(self, moment: Moment) -> float:
        return moment.sensor.exposure_s if self.exposure_s is None else self.exposure_s

    def _depth(self, severity: float, exposure: float) -> float:
        return severity * self.deepest * float(np.sinc(2 * self.mains_hz * exposure))


def _scaled(pixels: Pixels, gains: NDArray[np.float64]) -> Pixels:
    """Light times a gain for each row.

    Above the toe of the sRGB curve light times g is a picture value v become
    a (v + 14) - 14 with a = g ** (1 / 2.4): so bytes can be scaled as they are.
    """
    factors = np.maximum(gains, 0) ** _ENCODING
    flat = (pixels.shape[0], pixels.shape[1] * 3)
    scale = np.rint(factors * _SCALE).astype(np.uint8)
    shift = np.rint((factors - 1) * _OFFSET)
    out = cv2.multiply(pixels.reshape(flat), _rows(scale, flat), scale=1 / _SCALE)
    if shift.max() > 0:
        # Black stays black: what the toe keeps dark is not lifted.
        lifted = cv2.add(out, _rows(np.maximum(shift, 0).astype(np.uint8), flat))
        out = cv2.min(lifted, cv2.add(out, out))
    if shift.min() < 0:
        out = cv2.subtract(out, _rows(np.maximum(-shift, 0).astype(np.uint8), flat))
    return np.asarray(out, np.uint8).reshape(pixels.shape)


def _rows(values: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.broadcast_to(values[:, None], shape))
