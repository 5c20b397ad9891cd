"""Water drops on the lens or on the pane before it."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.values import Pixels

_FINE_SIDE: Final = 150  # drops are out of focus, so they are drawn about this coarse
_MINIATURE: Final = 3.6  # a drop shows this many of its own widths of the scene, upside down
_LEAST_SIDE: Final = 150  # a smaller picture is a crop: drops keep their size in pixels
_SOFTNESS: Final = 2.8  # blur of what a drop shows, in pixels of that coarse picture
_HIDDEN: Final = 1.3  # drops live in this many widths and heights of the picture, and enter unseen
_EDGE_LOSS: Final = 0.8  # covered part of a drop's disc, soft edge weighted
_MEAN_SQUARE: Final = 0.8  # of the radius over its mean size
_FORMS: Final = 8
_FORM_SIDE: Final = 64
_MARGIN: Final = 1.25  # a form reaches this many radii
_RUNNERS: Final = 0.25  # the part of the drops that is heavy enough to run


class Droplets(Perturbation):
    """Drops that show a small, blurred, upside-down picture of the scene, bright at their foot.

    Each drop is a short lens: light from above leaves it below. They sit far inside the camera's
    nearest focus, so their edges are soft. Severity is the wet part of the picture, from 0 to
    ``most`` (.35: heavy rain on a pane between two strokes of the wiper), reached with drops of
    ``size`` (mean radius in parts of the shorter side) that come one after another. A
    quarter of them runs down at ``run_speed`` picture heights a second, in fits and starts; the
    others stay where they are.
    """

    most: float = Field(0.35, gt=0, le=0.7)
    size: float = Field(0.06, ge=0.01, le=0.2)
    run_speed: float = Field(0.08, ge=0, le=2)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        height, width = pixels.shape[:2]
        coarse = max(1, min(height, width) // _FINE_SIDE)
        grid = (-(-height // coarse), -(-width // coarse))
        maps = _still(self, grid, severity, moment.seed).copy()
        for drop in self.drops(grid, severity, moment, running=True):
            _lay(maps, drop)
        cover, light = cv2.extractChannel(maps, 0), cv2.extractChannel(maps, 3)
        column = cv2.extractChannel(maps, 1) + np.arange(grid[1], dtype=np.float32)
        row = cv2.extractChannel(maps, 2) + np.arange(grid[0], dtype=np.float32)[:, None]
        small = cv2.resize(pixels, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), _SOFTNESS, borderType=cv2.BORDER_REPLICATE)
        inside = cv2.remap(soft, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        lit = cv2.convertScaleAbs(cv2.multiply(inside, cv2.merge([light] * 3), dtype=cv2.CV_32F))
        full = cv2.resize(lit, (width, height), interpolation=cv2.INTER_LINEAR)
        part = np.asarray(cv2.resize(cover, (width, height), interpolation=cv2.INTER_LINEAR))
        return np.asarray(cv2.blendLinear(full, pixels, part, 1 - part), np.uint8)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the view behind drops"

    def drops(
        self, grid: tuple[int, int], severity: float, moment: Moment, *, running: bool
    ) -> NDArray[np.float64]:
        """Drops (N, 5): centre x and y, radius in pixels of the grid; height over width; form."""
        chance = moment.generator(self.kind())
        side = self.size * max(min(grid), _LEAST_SIDE)
        room = _HIDDEN**2 * grid[0] * grid[1]
        most = room * _density(self.most)
        draws = chance.uniform(0, 1, (int(1.4 * most / (np.pi * _MEAN_SQUARE * side**2)) + 8, 6))
        radius = side * (0.45 + 1.4 * draws[:, 0] ** 3)
        tall = 1 + 0.25 * draws[:, 1] * (radius > side)
        area = np.pi * radius**2 * tall
        before = np.cumsum(area) - area
        wanted = room * _density(severity * self.most)
        grown = np.sqrt(np.clip((wanted - before) / area, 0, 1))
        x = (draws[:, 3] * _HIDDEN - 0.15) * grid[1]
        y = ((draws[:, 4] + self._fallen(draws, moment.time_s)) % 1 * _HIDDEN - 0.15) * grid[0]
        drops = np.stack([x, y, radius * grown, tall, draws[:, 5] * _FORMS], 1)
        runs = draws[:, 2] < _RUNNERS
        return np.asarray(drops[(radius * grown > 0.4) & (runs == running)])

    def _fallen(self, draws: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        """How far each drop has run, in picture heights: forward only, never evenly."""
        runs = draws[:, 2] < _RUNNERS
        phase = 2 * np.pi * draws[:, 5]
        pace = self.run_speed * (0.5 + draws[:, 5])
        halting = time_s + 0.9 * (np.sin(time_s + phase) - np.sin(phase))
        return np.asarray(runs * pace * halting)


@lru_cache(maxsize=4)  # about half a megabyte each
def _still(
    model: Droplets, grid: tuple[int, int], severity: float, seed: int
) -> NDArray[np.float32]:
    """The maps of the drops that stay where they are: see ``_lay``."""
    maps = np.zeros((*grid, 4), np.float32)
    maps[..., 3] = 1
    for drop in model.drops(grid, severity, Moment(seed=seed), running=False):
        _lay(maps, drop)
    return maps


def _density(cover: float) -> float:
    """Drops' area per picture area that wets a part of it, overlap and soft edges allowed for."""
    return float(-np.log(1 - cover) / _EDGE_LOSS)


def _lay(maps: NDArray[np.float32], drop: NDArray[np.float64]) -> None:
    """Lay one drop into the maps (H, W, 4): cover, where it looks (x, y), its brightness."""
    x, y, radius, tall = (float(value) for value in drop[:4])
    reach_x, reach_y = _MARGIN * radius, _MARGIN * radius * tall
    height, width = maps.shape[:2]
    left, right = max(int(x - reach_x), 0), min(int(x + reach_x) + 2, width)
    top, bottom = max(int(y - reach_y), 0), min(int(y + reach_y) + 2, height)
    if left >= right or top >= bottom:
        return
    scale_x, scale_y = 2 * reach_x / _FORM_SIDE, 2 * reach_y / _FORM_SIDE
    place = np.array([[scale_x, 0, x - reach_x - left], [0, scale_y, y - reach_y - top]])
    place[:, 2] += 0.5 * np.array((scale_x, scale_y)) - 0.5
    seen = cv2.warpAffine(_forms()[int(drop[4])], place, (right - left, bottom - top))
    seen = seen * np.array((1, radius, radius * tall, 1), np.float32)
    view = maps[top:bottom, left:right]
    np.copyto(view, seen, where=seen[..., :1] > view[..., :1])


@cache
def _forms() -> NDArray[np.float32]:
    """Outlines of drops (N, S, S, 4), of radius 1, each a little uneven."""
    line = ((np.arange(_FORM_SIDE, dtype=np.float32) + 0.5) / _FORM_SIDE * 2 - 1) * _MARGIN
    across, down = np.meshgrid(line, line)
    around = np.arctan2(down, across)
    forms = np.zeros((_FORMS, _FORM_SIDE, _FORM_SIDE, 4), np.float32)
    for number, form in enumerate(forms):
        uneven, turn = 0.04 + 0.1 * number / _FORMS, 2.4 * number
        lobes = np.sin(2 * around + turn) + 0.6 * np.sin(3 * around + 2 * turn)
        away = np.hypot(across, down) * (1 + uneven * lobes)
        edge = np.clip((1.1 - away) / 0.4, 0, 1)
        bend = -_MINIATURE * (1 + 0.8 * away**2)
        form[..., 0] = edge * edge * (3 - 2 * edge)
        form[..., 1], form[..., 2] = across * bend, down * bend
        form[..., 3] = 1.02 + 0.22 * down * away - 0.3 * np.clip(away - 0.62, 0, 1)
    return forms
