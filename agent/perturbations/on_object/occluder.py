"""Something that hangs or stands between the camera and the sign: a leafy branch, or a pole."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import compose, measure_light
from agent.geometry.plane import Plane, Window
from agent.geometry.sign_face import octagon
from agent.perturbations import Moment, Perturbation
from agent.perturbations.on_object._foliage import EXTENT, branch
from agent.values import Pixels, derived_seed

_SWAY_HZ: Final = 0.35
_GALVANISED: Final = (0.34, 0.46, 0.52, 0.46, 0.36, 0.24, 0.18)
"""Reflectance over the visible half of a grey pole that is lit from one side."""
_SAMPLES: Final = 64
_STRIPS: Final = 24


class Occluder(Perturbation):
    """A branch with leaves, or a pole, in front of the sign; the branch moves in light wind.

    Severity is the covered part of the sign's face, measured on the drawn shape at rest, from 0 to
    ``most`` (.7: a sign that is hidden further is no longer one that a driver is held to see).
    Branches gain leaves and poles gain width, so that more severity only adds. The branch swings by
    ``sway_cm`` about its rest, in sign centimetres, at about a third of a hertz.
    """

    shape: Literal["branch", "pole"] = "branch"
    most: float = Field(0.7, gt=0, le=0.95)
    sway_cm: float = Field(2.5, ge=0, le=30)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        near = plane.window(pixels.shape)
        if severity <= 0 or near.empty:
            return pixels.copy()
        cover = severity * self.most
        if self.shape == "branch":
            window = plane.window(pixels.shape, extent=EXTENT)
            layer = self._branch(plane, window, cover, moment)
        else:
            window, layer = self._pole(pixels.shape, plane, cover, moment)
        light = measure_light(pixels, plane, near)
        return compose(pixels, window, layer, light, shaded=False)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the sign behind a {self.shape}"

    def _branch(
        self, plane: Plane, window: Window, cover: float, moment: Moment
    ) -> NDArray[np.float32]:
        side = plane.layer_side(extent=EXTENT)
        drawn = branch(side, derived_seed(moment.seed, self.kind()), cover)
        motion = np.eye(3)
        motion[:2, 2] = self._swing(moment) * plane.size_cm / 76.2
        return plane.warp(drawn, window, extent=EXTENT, motion=motion).astype(np.float32) / 255

    def _swing(self, moment: Moment) -> NDArray[np.float64]:
        """Where the branch swings to, (2,) in centimetres: two slow sines each way."""
        phase = moment.generator(self.kind() + " sway").uniform(0, 2 * np.pi, 4)
        turn = 2 * np.pi * _SWAY_HZ * moment.time_s
        both = 0.75 * np.sin(turn + phase[:2]) + 0.25 * np.sin(2.3 * turn + phase[2:])
        return np.asarray(self.sway_cm * both * (1.0, 0.5))

    def _pole(
        self, shape: tuple[int, ...], plane: Plane, cover: float, moment: Moment
    ) -> tuple[Window, NDArray[np.float32]]:
        """Upright strips from the picture's top to its bottom, in the column of the sign."""
        chance = moment.generator(self.kind())
        middle = float(chance.uniform(-0.2, 0.2))
        tones = _GALVANISED if chance.random() < 0.5 else _GALVANISED[::-1]
        line = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
        across, down = np.meshgrid(line, line)
        on_face = np.abs(across) + np.abs(down) <= np.abs(octagon(1.0)).sum(1).max()
        half = float(np.quantile(np.abs(across[on_face] - middle), cover))
        near = plane.window(shape, extent=2.0)
        window = Window(near.x0, 0, near.x1, shape[0])
        layer = np.zeros((window.height, window.width, 4), np.float32)
        edges = middle - half * np.cos(np.linspace(0, np.pi, _STRIPS + 1))
        known = np.linspace(0, 1, len(tones))
        smooth = np.interp(np.linspace(0, 1, _STRIPS), known, tones)
        for left, right, tone in zip(edges[:-1], edges[1:], smooth, strict=True):
            strip = _upright(plane, window, float(left), float(right))
            layer[..., :3] += strip[..., None] * tone
            layer[..., 3] += strip
        return window, layer


def _upright(plane: Plane, window: Window, left: float, right: float) -> NDArray[np.float32]:
    """Exact coverage (h, w) of an upright strip; its edges in widths of the sign."""
    ends = plane.project(np.array([(left, 0.0), (right, 0.0)]) * plane.size_cm)
    x0, x1 = sorted((float(ends[0, 0]), float(ends[1, 0])))
    column = np.arange(window.x0, window.x1, dtype=np.float64)
    part = np.clip(np.minimum(column + 1, x1) - np.maximum(column, x0), 0, 1)
    return np.broadcast_to(part.astype(np.float32), (window.height, window.width))
