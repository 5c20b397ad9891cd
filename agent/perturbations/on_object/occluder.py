"""Something between the camera and the sign: a leafy branch, a pole, or a lorry's back."""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import measure_light, put_into
from agent.geometry.plane import Plane, Window
from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _foliage as foliage
from agent.perturbations.on_object import _standing as standing
from agent.values import Pixels, derived_seed

Seen = tuple[Window, NDArray[np.uint8]]

_SWAY_HZ: Final = 0.35
_REFERENCE_CM: Final = 76.2


class Occluder(Perturbation):
    """A branch, a pole or a vehicle in front of the sign.

    Severity is the covered part of the sign's face, measured on the drawn shape at rest, from 0 to
    ``most`` (.7: a sign that is hidden further is no longer one that a driver is held to see).

    ``branch`` hangs into the picture from above and gains leaves, so that more severity only adds;
    it swings by ``sway_cm`` about its rest, in sign centimetres, at about a third of a hertz.
    ``pole`` is a lamp post or mast nearer to the camera than the sign, from the top of the picture
    to its bottom; it is as wide as it must be to hide ``most``, and with severity it stands further
    before the sign, from the one side. ``vehicle`` is the back of a lorry that stands beside the
    sign and before it; severity is how far it reaches across. With ``pass_s`` above 0 it draws
    level and falls back in that time, as in slow traffic, and severity is the most that it hides.
    """

    motion: ClassVar[Motion] = "moving"

    shape: Literal["branch", "pole", "vehicle"] = "branch"
    most: float = Field(0.7, gt=0, le=0.95)
    sway_cm: float = Field(2.5, ge=0, le=30)
    pass_s: float = Field(0.0, ge=0, le=60)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        out = pixels.copy()
        plane = moment.plane(pixels.shape)
        if severity <= 0 or plane.window(pixels.shape).empty:
            return out
        light = measure_light(pixels, plane)
        draw = {"branch": self._branch, "pole": self._pole, "vehicle": self._vehicle}[self.shape]
        for window, layer in draw(pixels.shape, plane, severity * self.most, moment):
            if not window.empty:
                put_into(out, window, layer, light, shaded=False)
        return out

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the sign behind a {self.shape}"

    def _branch(
        self, shape: tuple[int, ...], plane: Plane, cover: float, moment: Moment
    ) -> list[Seen]:
        seed = derived_seed(moment.seed, self.kind())
        side = plane.layer_side()
        branch = foliage.branch(side, seed, cover, plane.shape)
        _, box = branch
        away = self._swing(moment) / _REFERENCE_CM
        motion = np.eye(3)
        motion[:2, 2] = away * plane.size_cm
        window = standing.about(plane.project((box + away) * plane.size_cm), shape)
        seen = foliage.seen_in(plane, window, branch, side, motion)
        hung, end = foliage.bough(side, seed)
        middle, bottom = standing.in_hulls(plane, (end + away) * plane.size_cm)
        left, top = middle - foliage.HUNG[0] / 2, bottom - foliage.HUNG[1]
        above = standing.upright(
            plane, shape, hung, left, top, foliage.HUNG, repeat=True, bottom=bottom
        )
        return [above, (window, seen)]

    def _swing(self, moment: Moment) -> NDArray[np.float64]:
        """Where the branch swings to, (2,) in centimetres: two slow sines each way."""
        phase = _phases(derived_seed(moment.seed, self.kind() + " sway")).tolist()
        turn = 2 * math.pi * _SWAY_HZ * moment.time_s
        x, y = (
            0.75 * math.sin(turn + slow) + 0.25 * math.sin(2.3 * turn + quick)
            for slow, quick in zip(phase[:2], phase[2:], strict=True)
        )
        return np.array((self.sway_cm * x, 0.5 * self.sway_cm * y))

    def _pole(
        self, shape: tuple[int, ...], plane: Plane, cover: float, moment: Moment
    ) -> list[Seen]:
        chance = moment.generator(self.kind())
        turn = 1 if chance.random() < 0.5 else -1
        side = plane.layer_side()
        half, away = standing.beside(plane.shape, self.most, cover).tolist()
        drawing = standing.pole(int(chance.integers(2 * standing.POLES)), side, 2 * half)
        wide = 2 * (half + standing.margin(side))
        top = -float(chance.uniform(0, standing.PERIOD))
        left = turn * away - wide / 2
        return [
            standing.upright(plane, shape, drawing, left, top, (wide, standing.PERIOD), repeat=True)
        ]

    def _vehicle(
        self, shape: tuple[int, ...], plane: Plane, cover: float, moment: Moment
    ) -> list[Seen]:
        chance = moment.generator(self.kind())
        from_left = chance.random() < 0.5
        drawing = standing.lorry(int(chance.integers(standing.LORRIES)), plane.layer_side())
        top = -float(chance.uniform(1.4, 2.4))
        if self.pass_s > 0:
            phase = 2 * np.pi * (moment.time_s / self.pass_s + chance.random())
            cover *= 0.5 - 0.5 * float(np.cos(phase))
        edge = float(standing.reached(plane.shape, cover)[0])
        left = edge - standing.LORRY[0] if from_left else -edge
        return [standing.upright(plane, shape, drawing, left, top, standing.LORRY)]


@kept
def _phases(seed: int) -> NDArray[np.float64]:
    return np.random.Generator(np.random.SFC64(seed)).uniform(0, 2 * np.pi, 4)
