"""Water drops on the lens or on the pane before it."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_lens._film import Bytes, coarse, enlarged, over, shrunk, tripled
from agent.values import Pixels

_SIDE: Final = 112  # drops are out of focus, so they are drawn about this coarse
_MINIATURE: Final = 3.6  # a drop shows this many of its own widths of the scene, upside down
_SOFTNESS: Final = (5, 5)  # what a drop shows is averaged over it twice, on the coarse picture
_HIDDEN: Final = 1.3  # drops live in this many widths and heights of the picture, and enter unseen
_EDGE_LOSS: Final = 0.8  # covered part of a drop's disc, soft edge weighted
_MEAN_SQUARE: Final = 0.8  # of the radius over its mean size
_FORMS: Final = 8
_FORM_SIDE: Final = 64
_LIGHTEST: Final = 1.4  # no place in a drop is brighter, in parts of what it shows
_MARGIN: Final = 1.25  # a form reaches this many radii
_HEAVY: Final = 0.55  # a drop that drew more than this for its size is heavy enough to run
_RUNNERS: Final = 0.22  # and so many of those do


class Droplets(Perturbation):
    """Drops that show a small, blurred, upside-down picture of the scene, bright at their foot.

    Each drop is a short lens: light from above leaves it below. They sit far inside the camera's
    nearest focus, so their edges are soft. Severity is the wet part of the picture, from 0 to
    ``most`` (.35: heavy rain on a pane between two strokes of the wiper), reached with drops of
    ``size`` (mean radius in parts of the shorter side) that come one after another. Some
    of the heavy ones run down at ``run_speed`` picture heights a second, in fits and starts; the
    others stay where they are.
    """

    motion: ClassVar[Motion] = "moving"

    most: float = Field(0.35, gt=0, le=0.7)
    size: float = Field(0.06, ge=0.01, le=0.2)
    run_speed: float = Field(0.08, ge=0, le=2)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        still_look, still_shade = _still(self, grid, severity, moment.seed)
        look, shade = still_look.copy(), still_shade.copy()
        runners = _drops(self, grid, severity, moment.seed, running=True)
        for drop in self.fallen(runners, grid, moment.time_s):
            _lay(look, shade, drop)
        cover, weight = cv2.extractChannel(shade, 0), cv2.extractChannel(shade, 1)
        soft = cv2.blur(cv2.blur(shrunk(pixels, grid), _SOFTNESS), _SOFTNESS)
        border = cv2.BORDER_REFLECT
        inside = cv2.remap(soft, look, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]
        lit = cv2.multiply(inside, tripled(np.asarray(weight)), scale=_LIGHTEST / 255)
        clear = enlarged(np.asarray(cv2.bitwise_not(cover)), pixels.shape)
        return over(pixels, np.asarray(clear, np.uint8), np.asarray(lit, np.uint8))

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the view behind drops"

    def fallen(
        self, drops: NDArray[np.float64], grid: tuple[int, int], time_s: float
    ) -> list[list[float]]:
        """Where running drops are at a time: forward only, never evenly."""
        fallen = drops.copy()
        part = drops[:, 4] / _FORMS
        phase = 2 * np.pi * part
        halting = time_s + 0.9 * (np.sin(time_s + phase) - np.sin(phase))
        way = self.run_speed * (0.5 + part) * halting
        room = _HIDDEN * grid[0]
        fallen[:, 1] = (drops[:, 1] + 0.15 * grid[0] + way * room) % room - 0.15 * grid[0]
        return list(fallen.tolist())


@kept
def _drops(
    model: Droplets, grid: tuple[int, int], severity: float, seed: int, *, running: bool
) -> NDArray[np.float64]:
    """Drops at the start (N, 5): centre x and y, radius in pixels of the grid; height over width;
    form."""
    chance = Moment(seed=seed).generator(Droplets.kind())
    # A small picture is a crop of a larger view: its drops are larger in it, but not fewer.
    side = model.size * max(min(grid), (min(grid) * _SIDE) ** 0.5)
    room = _HIDDEN**2 * grid[0] * grid[1]
    most = room * _density(model.most)
    draws = chance.uniform(0, 1, (int(1.4 * most / (np.pi * _MEAN_SQUARE * side**2)) + 8, 6))
    radius = side * (0.45 + 1.4 * draws[:, 0] ** 3)
    tall = 1 + 0.25 * draws[:, 1] * (radius > side)
    area = np.pi * radius**2 * tall
    before = np.cumsum(area) - area
    wanted = room * _density(severity * model.most)
    grown = np.sqrt(np.clip((wanted - before) / area, 0, 1))
    x = (draws[:, 3] * _HIDDEN - 0.15) * grid[1]
    y = (draws[:, 4] * _HIDDEN - 0.15) * grid[0]
    drops = np.stack([x, y, radius * grown, tall, draws[:, 5] * _FORMS], 1)
    runs = (draws[:, 0] > _HEAVY) & (draws[:, 2] < _RUNNERS)
    return np.asarray(drops[(radius * grown > 0.4) & (runs == running)])


@kept
def _still(
    model: Droplets, grid: tuple[int, int], severity: float, seed: int
) -> tuple[NDArray[np.float32], Bytes]:
    """The maps of the drops that stay where they are: see ``_lay``."""
    look, shade = _here(grid).copy(), np.zeros((*grid, 2), np.uint8)
    for drop in _drops(model, grid, severity, seed, running=False).tolist():
        _lay(look, shade, drop)
    return look, shade


@kept
def _here(grid: tuple[int, int]) -> NDArray[np.float32]:
    """Column and row of each place (h, w, 2)."""
    rows, columns = np.indices(grid, np.float32)
    return np.stack([columns, rows], 2)


def _density(cover: float) -> float:
    """Drops' area per picture area that wets a part of it, overlap and soft edges allowed for."""
    return float(-np.log(1 - cover) / _EDGE_LOSS)


def _lay(look: NDArray[np.float32], shade: Bytes, drop: list[float]) -> None:
    """Lay one drop into the maps (h, w, 2): column and row that each place shows; and how much a
    drop covers it and shines there (of ``_LIGHTEST``, weighted by the cover), 0..255."""
    x, y, radius, tall, form = drop
    reach_x, reach_y = _MARGIN * radius, _MARGIN * radius * tall
    height, width = shade.shape[:2]
    left, right = max(int(x - reach_x), 0), min(int(x + reach_x) + 2, width)
    top, bottom = max(int(y - reach_y), 0), min(int(y + reach_y) + 2, height)
    if left >= right or top >= bottom:
        return
    scale_x, scale_y = 2 * reach_x / _FORM_SIDE, 2 * reach_y / _FORM_SIDE
    shift_x, shift_y = 0.5 * scale_x - 0.5 - left, 0.5 * scale_y - 0.5 - top
    place = np.array([[scale_x, 0, x - reach_x + shift_x], [0, scale_y, y - reach_y + shift_y]])
    bends, shades = _forms()
    size = (right - left, bottom - top)
    seen = np.asarray(cv2.warpAffine(shades[int(form)], place, size), np.uint8)
    offset = np.asarray(cv2.warpAffine(bends[int(form)], place, size), np.float32)
    view = (slice(top, bottom), slice(left, right))
    nearer = seen[..., :1] > shade[view][..., :1]
    offset = offset * np.array((radius, radius * tall), np.float32)
    np.copyto(look[view], offset + _here((height, width))[view], where=nearer)
    np.copyto(shade[view], seen, where=nearer)


@kept
def _forms() -> tuple[NDArray[np.float32], Bytes]:
    """Outlines of drops of radius 1, each a little uneven: where they look and their shade,
    (N, S, S, 2) each."""
    line = ((np.arange(_FORM_SIDE, dtype=np.float32) + 0.5) / _FORM_SIDE * 2 - 1) * _MARGIN
    across, down = np.meshgrid(line, line)
    around = np.arctan2(down, across)
    bends = np.zeros((_FORMS, _FORM_SIDE, _FORM_SIDE, 2), np.float32)
    shades = np.zeros((_FORMS, _FORM_SIDE, _FORM_SIDE, 2), np.uint8)
    for number in range(_FORMS):
        uneven, turn = 0.04 + 0.1 * number / _FORMS, 2.4 * number
        lobes = np.sin(2 * around + turn) + 0.6 * np.sin(3 * around + 2 * turn)
        away = np.hypot(across, down) * (1 + uneven * lobes)
        edge = np.clip((1.1 - away) / 0.4, 0, 1)
        bend = -_MINIATURE * (1 + 0.8 * away**2)
        cover = edge * edge * (3 - 2 * edge)
        light = 1.02 + 0.22 * down * away - 0.3 * np.clip(away - 0.62, 0, 1)
        bends[number] = np.stack([across * bend, down * bend], 2)
        shades[number, ..., 0] = np.round(cover * 255)
        shades[number, ..., 1] = np.round(cover * np.clip(light / _LIGHTEST, 0, 1) * 255)
    return bends, shades
