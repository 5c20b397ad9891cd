"""Water drops on the lens or on the pane before it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_lens._film import coarse, enlarged, over, shrunk, tripled
from agent.values import Pixels

_SIDE: Final = 112  # drops are out of focus, so they are drawn about this coarse
_MINIATURE: Final = 3.6  # a drop shows this many of its own widths of the scene, upside down
_SOFTNESS: Final = (5, 5)  # what a drop shows is averaged over it twice, on the coarse picture
_HIDDEN: Final = 1.3  # drops live in this many widths and heights of the picture, and enter unseen
_EDGE_LOSS: Final = 0.8  # covered part of a drop's disc, soft edge weighted
_MEAN_SQUARE: Final = 0.8  # of the radius over its mean size
_FORMS: Final = 8
_FORM_SIDE: Final = 64
_MARGIN: Final = 1.25  # a form reaches this many radii
_HEAVY: Final = 0.55  # a drop that drew more than this for its size is heavy enough to run
_RUNNERS: Final = 0.2  # and so many of those do


class Droplets(Perturbation):
    """Drops that show a small, blurred, upside-down picture of the scene, bright at their foot.

    Each drop is a short lens: light from above leaves it below. They sit far inside the camera's
    nearest focus, so their edges are soft. Severity is the wet part of the picture, from 0 to
    ``most`` (.35: heavy rain on a pane between two strokes of the wiper), reached with drops of
    ``size`` (mean radius in parts of the shorter side) that come one after another. Some
    of the heavy ones run down at ``run_speed`` picture heights a second, in fits and starts; the
    others stay where they are.
    """

    most: float = Field(0.35, gt=0, le=0.7)
    size: float = Field(0.06, ge=0.01, le=0.2)
    run_speed: float = Field(0.08, ge=0, le=2)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        maps = _still(self, grid, severity, moment.seed).copy()
        for drop in self.drops(grid, severity, moment, running=True).tolist():
            _lay(maps, drop)
        cover, beside, below, light = cv2.split(maps)
        columns, rows = _here(grid)
        cv2.add(beside, columns, dst=beside)
        cv2.add(below, rows, dst=below)
        small = shrunk(pixels, grid)
        soft = cv2.blur(cv2.blur(small, _SOFTNESS), _SOFTNESS)
        inside = cv2.remap(soft, beside, below, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        weight = tripled(np.asarray(cv2.multiply(cover, light)))
        lit = cv2.multiply(inside, weight, dtype=cv2.CV_8U)
        clear = cv2.convertScaleAbs(enlarged(cover, pixels.shape), alpha=-255, beta=255)
        return over(pixels, np.asarray(clear, np.uint8), np.asarray(lit, np.uint8))

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the view behind drops"

    def drops(
        self, grid: tuple[int, int], severity: float, moment: Moment, *, running: bool
    ) -> NDArray[np.float64]:
        """Drops (N, 5): centre x and y, radius in pixels of the grid; height over width; form."""
        chance = moment.generator(self.kind())
        # A small picture is a crop of a larger view: its drops are larger in it, but not fewer.
        side = self.size * max(min(grid), (min(grid) * _SIDE) ** 0.5)
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
        runs = _running(draws)
        return np.asarray(drops[(radius * grown > 0.4) & (runs == running)])

    def _fallen(self, draws: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        """How far each drop has run, in picture heights: forward only, never evenly."""
        phase = 2 * np.pi * draws[:, 5]
        pace = self.run_speed * (0.5 + draws[:, 5])
        halting = time_s + 0.9 * (np.sin(time_s + phase) - np.sin(phase))
        return np.asarray(_running(draws) * pace * halting)


@kept
def _still(
    model: Droplets, grid: tuple[int, int], severity: float, seed: int
) -> NDArray[np.float32]:
    """The maps of the drops that stay where they are: see ``_lay``."""
    maps = np.zeros((*grid, 4), np.float32)
    maps[..., 3] = 1
    for drop in model.drops(grid, severity, Moment(seed=seed), running=False).tolist():
        _lay(maps, drop)
    return maps


@kept
def _here(grid: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row of each place (h, w)."""
    rows, columns = np.indices(grid, np.float32)
    return columns, rows


def _running(draws: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((draws[:, 0] > _HEAVY) & (draws[:, 2] < _RUNNERS / (1 - _HEAVY) / 2))


def _density(cover: float) -> float:
    """Drops' area per picture area that wets a part of it, overlap and soft edges allowed for."""
    return float(-np.log(1 - cover) / _EDGE_LOSS)


def _lay(maps: NDArray[np.float32], drop: list[float]) -> None:
    """Lay one drop into the maps (H, W, 4): cover, where it looks (x, y), its brightness."""
    x, y, radius, tall, form = drop
    reach_x, reach_y = _MARGIN * radius, _MARGIN * radius * tall
    height, width = maps.shape[:2]
    left, right = max(int(x - reach_x), 0), min(int(x + reach_x) + 2, width)
    top, bottom = max(int(y - reach_y), 0), min(int(y + reach_y) + 2, height)
    if left >= right or top >= bottom:
        return
    scale_x, scale_y = 2 * reach_x / _FORM_SIDE, 2 * reach_y / _FORM_SIDE
    shift_x, shift_y = 0.5 * scale_x - 0.5 - left, 0.5 * scale_y - 0.5 - top
    place = np.array([[scale_x, 0, x - reach_x + shift_x], [0, scale_y, y - reach_y + shift_y]])
    shown = cv2.warpAffine(_forms()[int(form)], place, (right - left, bottom - top))
    seen = shown * np.array((1, radius, radius * tall, 1), np.float32)
    view = maps[top:bottom, left:right]
    np.copyto(view, seen, where=seen[..., :1] > view[..., :1])


@kept
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
