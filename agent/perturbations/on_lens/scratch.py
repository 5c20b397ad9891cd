"""Scratches on the lens or its cover: soft bright lines, and streaks across bright lights."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_lens._film import (
    Bytes,
    coarse,
    enlarged,
    generator,
    over,
    patches,
    shrunk,
    tripled,
)
from agent.values import Pixels, derived_seed

_SIDE: Final = 160
_LIGHTS: Final = 64  # rows of the picture that streaks are drawn from
_SCRATCHES: Final = 520
_BENDS: Final = 12
_BLUR: Final = 0.65  # standard deviation of the defocus on the layer
_TAKEN: Final = 0.8  # of the light behind a scratch, at most
_RETURNED: Final = 0.95  # part of the surroundings' light in what it gives back
_SPREAD: Final = 7.0  # a whole streak's values, of the lamp's: those are burnt out
_BRIGHT: Final = 215  # green values above it make streaks
_REACH: Final = 0.22  # of a streak to either side, in parts of the shorter side

_ABOVE: Final = np.clip((np.arange(256) - _BRIGHT) * (255 / (255 - _BRIGHT)), 0, 255).astype(
    np.uint8
)


class Scratch(Perturbation):
    """Fine scratches, as wiping a dusty cover leaves them: most of them along one way, in arcs.

    Far out of focus a scratch is a soft line that takes some of the light behind it and scatters
    that of its surroundings, so it is pale before dark things and hardly seen before bright
    ones. All scratches together spread light across their own way: a lamp, or any part brighter
    than value 215, draws a streak at right angles to the wiping, whose light grows with the
    scratched part. Severity is the part of the view behind scratches, from 0 to ``most``
    (.3: a dome that was cleaned with a dry cloth for years); they come one after another and stay
    put. The streak's share ``streak`` is an estimate, not measured.
    """

    most: float = Field(0.3, gt=0, le=0.6)
    streak: float = Field(0.5, ge=0, le=2)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        seed = derived_seed(moment.seed, self.kind())
        clear, weight = _scratched(grid, seed, severity * self.most)
        fine = shrunk(pixels, grid)
        lights = coarse(pixels.shape, _LIGHTS)
        around = cv2.blur(shrunk(fine, lights), (25, 25), borderType=cv2.BORDER_REFLECT_101)
        streaks = self._streaks(fine, lights, seed, severity)
        around = cv2.resize(around, grid[::-1], interpolation=cv2.INTER_LINEAR)
        lit = cv2.multiply(around, weight, scale=_RETURNED / 255)
        lit = cv2.add(lit, cv2.resize(streaks, grid[::-1], interpolation=cv2.INTER_LINEAR))
        return over(pixels, np.asarray(enlarged(clear, pixels.shape)), np.asarray(lit, np.uint8))

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.1f} % of the view behind scratches"

    def _streaks(self, fine: Pixels, grid: tuple[int, int], seed: int, severity: float) -> Pixels:
        """Light that lamps and other small bright parts of a reduced picture draw across the
        scratches, on ``grid``; a bright sky lights all the glass alike and draws none."""
        burnt = np.asarray(cv2.LUT(cv2.extractChannel(fine, 1), _ABOVE))
        bright = shrunk(np.asarray(cv2.multiply(fine, tripled(burnt), scale=1 / 255)), grid)
        side = grid[0] // 4 | 1
        lamps = cv2.subtract(bright, cv2.convertScaleAbs(cv2.blur(bright, (side, side)), alpha=3))
        kernel = _line(grid, seed)
        gain = self.streak * severity
        spread = cv2.filter2D(lamps, -1, kernel * gain, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(spread, np.uint8)


def _wiping(chance: np.random.Generator) -> float:
    """The way along which most scratches run, in radians from the horizontal."""
    return float(chance.uniform(0, np.pi))


@kept
def _line(shape: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """The streak of one point: a line across the scratches that fades to its ends."""
    across = _wiping(generator(seed)) + np.pi / 2
    reach = max(round(_REACH * min(shape)), 1)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-1, 1, 8 * reach + 1):
        for off, weight in ((-0.05, 0.5), (0, 1), (0.05, 0.5)):
            x = reach + round(step * reach * np.cos(across + off))
            y = reach + round(step * reach * np.sin(across + off))
            kernel[y, x] += weight * (1 - abs(step)) ** 2
    return np.asarray(kernel / kernel.sum() * _SPREAD, np.float32)


@kept
def _scratched(grid: tuple[int, int], seed: int, share: float) -> tuple[Bytes, Bytes]:
    """What is left of the view (h, w), and how much light the scratches give (h, w, 3)."""
    order, depth = _order(grid, seed)
    here = (order <= patches(order, share)) & (order < _SCRATCHES)
    taken = np.where(here, depth[order.astype(np.int32)], 0).astype(np.float32)
    soft = cv2.GaussianBlur(taken, (0, 0), _BLUR, borderType=cv2.BORDER_REPLICATE)
    given = np.asarray(soft * 255 + 0.5).astype(np.uint8)
    return np.asarray(255 - given, np.uint8), np.asarray(cv2.merge([given] * 3), np.uint8)


@kept
def _order(grid: tuple[int, int], seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The first scratch to come at each place (h, w), and how much light each one takes (N + 1)."""
    chance = generator(seed)
    way = _wiping(chance)
    short = min(grid)
    order = np.full(grid, _SCRATCHES, np.float32)
    start = chance.uniform(-0.15, 1.15, (_SCRATCHES, 2)) * (grid[1], grid[0])
    astray = chance.uniform(0, 1, _SCRATCHES) < 0.2
    angle = way + chance.normal(0, 1, _SCRATCHES) * np.where(astray, 1.2, 0.14)
    length = short * np.minimum(0.12 * chance.uniform(0.02, 1, _SCRATCHES) ** -0.7, 1.5)
    bend = chance.normal(0.5, 0.25, _SCRATCHES) / short
    along = np.linspace(-0.5, 0.5, _BENDS) * length[:, None]
    # A cloth turns about the elbow: each scratch is an arc.
    sag = 0.5 * bend[:, None] * along**2
    x = start[:, :1] + along * np.cos(angle)[:, None] - sag * np.sin(angle)[:, None]
    y = start[:, 1:] + along * np.sin(angle)[:, None] + sag * np.cos(angle)[:, None]
    points = np.round(np.stack([x, y], 2) * 16).astype(np.int32)
    for number in range(_SCRATCHES - 1, -1, -1):
        thick = 2 if number % 4 == 0 and short > 60 else 1
        cv2.polylines(order, [points[number]], False, (number,), thick, cv2.LINE_8, 4)
    depth = _TAKEN * chance.uniform(0.3, 1, _SCRATCHES + 1)
    return order, np.asarray(depth, np.float32)
