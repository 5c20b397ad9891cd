"""Backlight: a bright sky behind, for which the camera exposes, so that all else falls dark."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment, Perturbation
from agent.perturbations._camera_view import daylight
from agent.perturbations._layers import kept
from agent.perturbations._tables import look_up
from agent.perturbations.in_scene._light import PLACES, levels, light_of
from agent.perturbations.in_scene._sky import sky_of
from agent.values import Pixels

_SKY_LEVEL: Final = 250.0  # just below white: that is how the sky is exposed


class Backlight(Perturbation):
    """Bright sky behind the object: the camera exposes for the sky and the foreground falls dark.

    Severity is how far the foreground is under-exposed against the sky, 0 to ``deepest_ev`` stops
    (4 EV: a surface in its own shade against a bright sky). Wide, bright, blue or
    evenly gray places in the upper part are the sky; the target never is. The sky comes to stand
    just below white: a gray one becomes a bright one, as the light behind must be. Of the sky's
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
        sky = sky_of(pixels, brightest, moment)
        level = min(round(sky.level), brightest)
        table = _exposed(self.deepest_ev * severity, self.veiling * severity, level)
        return look_up(table, sky.cover, pixels)

    def describe(self, severity: float) -> str:
        return f"{self.deepest_ev * severity:.1f} EV under the sky"


@kept
def _exposed(stops: float, veiling: float, brightest: int) -> NDArray[np.uint8]:
    """Table (sky, value): picture values by how surely a place is the sky."""
    sky = np.linspace(0, 1, PLACES, dtype=np.float32)[:, None]
    lift = min(max(light_of(_SKY_LEVEL) / light_of(brightest), 1.0), 1 + stops)
    gain = 2 ** (-stops * (1 - sky)) * lift**sky
    light = LINEAR.astype(np.float32) * gain * (1 - veiling) + veiling * light_of(_SKY_LEVEL)
    return levels(np.asarray(light, np.float32))
