"""Backlight: a bright sky behind, for which the camera exposes, so that all else falls dark."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import daylight, is_crop
from agent.perturbations._layers import kept
from agent.perturbations.in_scene._light import PLACES, by_place, levels, light_of
from agent.values import Pixels

_CELLS: Final = 20  # of the grid on which wide bright places are told from small ones
_FROM, _TO = 0.55, 0.8  # of daylight: surely no sky, surely sky
_AROUND: Final = np.ones((3, 3), np.uint8)
_SKY_LEVEL: Final = 250.0  # just below white: that is how the sky is exposed


class Backlight(Perturbation):
    """Bright sky behind the object: the camera exposes for the sky and the foreground falls dark.

    Severity is how far the foreground is under-exposed against the sky, 0 to ``deepest_ev`` stops
    (4 EV: a surface in its own shade against a bright sky). Wide, bright or blue places in the
    upper part are the sky, which comes to stand just below white; the target never is. Of the sky's
    light, ``veiling`` (ISO 9358's veiling glare index; 1 to 3 % in good lenses) strays over all, so
    that shade is grey and not black. A picture without sky is shaded as a whole: the sky is then
    taken to lie beyond it.
    """

    seeded: ClassVar[bool] = False

    deepest_ev: float = Field(4.0, gt=0, le=8)
    veiling: float = Field(0.02, ge=0, le=0.5)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        brightest = round(daylight(pixels))
        sky = _sky(pixels, brightest)
        if moment.region is not None or moment.quad is not None or is_crop(pixels.shape):
            plane = moment.plane(pixels.shape)
            window = plane.window(pixels.shape)
            if not window.empty:
                view = window.of(sky)
                view[:] = cv2.subtract(view, plane.mask(window, scale=0.98))
        table = _exposed(self.deepest_ev * severity, self.veiling * severity, brightest)
        return by_place(table, sky, pixels)

    def describe(self, severity: float) -> str:
        return f"{self.deepest_ev * severity:.1f} EV under the sky"


def _sky(pixels: Pixels, brightest: int) -> NDArray[np.uint8]:
    """How surely each pixel is the sky, (H, W) 0..255: it and its wider surroundings are bright."""
    height, width = pixels.shape[:2]
    ramp = np.clip((np.arange(256) / brightest - _FROM) / (_TO - _FROM), 0, 1)
    bright = cv2.LUT(cv2.extractChannel(pixels, 2), (255 * ramp).astype(np.uint8))
    cells = (min(_CELLS, width), min(_CELLS, height))
    wide = cv2.resize(bright, cells, interpolation=cv2.INTER_AREA)
    # Sky reaches down from the top: below the first row without any, bright places are ground.
    reach = np.minimum.accumulate(wide.max(1))
    wide = np.minimum(cv2.dilate(wide, _AROUND), reach[:, None])
    smooth = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(bright, smooth, scale=1 / 255), np.uint8)


@kept
def _exposed(stops: float, veiling: float, brightest: int) -> NDArray[np.uint8]:
    """Table (sky, value): picture values by how surely a place is the sky."""
    sky = np.linspace(0, 1, PLACES, dtype=np.float32)[:, None]
    lift = min(max(light_of(_SKY_LEVEL) / light_of(brightest), 1.0), 1 + stops)
    gain = 2 ** (-stops * (1 - sky)) * lift**sky
    light = LINEAR.astype(np.float32) * gain * (1 - veiling) + veiling * light_of(_SKY_LEVEL)
    return levels(np.asarray(light, np.float32))
