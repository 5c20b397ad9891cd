"""Water drops on the lens or on the pane before it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Perturbation
from agent.values import Pixels

_FINE_SIDE: Final = 120  # drops are out of focus, so they are drawn about this coarse
_MINIATURE: Final = 4.5  # a drop shows this many of its own widths of the scene, upside down
_RUNNERS: Final = 0.25  # the part of the drops that is heavy enough to run


class Droplets(Perturbation):
    """Drops that show a small, blurred, upside-down picture of the scene, bright at their foot.

    Each drop is a short lens: light from above leaves it below. They sit far inside the camera's
    nearest focus, so their edges are soft. Severity is the wet part of the picture, from 0 to
    ``most`` (.35: heavy rain on a pane between two strokes of the wiper), reached with drops of
    ``size`` (mean radius in parts of the picture's shorter side) that come one after another. A
    quarter of them runs down at ``run_speed`` picture heights a second, in fits and starts; the
    others stay where they are.
    """

    most: float = Field(0.35, gt=0, le=0.7)
    size: float = Field(0.05, ge=0.01, le=0.2)
    run_speed: float = Field(0.08, ge=0, le=2)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        height, width = pixels.shape[:2]
        coarse = max(1, min(height, width) // _FINE_SIDE)
        grid = (-(-height // coarse), -(-width // coarse))
        drops = self._drops(grid, severity, moment)
        cover = np.zeros(grid, np.float32)
        light = np.ones(grid, np.float32)
        column, row = np.meshgrid(
            np.arange(grid[1], dtype=np.float32), np.arange(grid[0], dtype=np.float32)
        )
        for drop in drops:
            _shape(drop, cover, light, column, row)
        small = cv2.resize(pixels, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), 1.6, borderType=cv2.BORDER_REFLECT)
        inside = cv2.remap(soft, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        lit = np.clip(inside * light[..., None], 0, 255).astype(np.uint8)
        full = cv2.resize(lit, (width, height), interpolation=cv2.INTER_LINEAR)
        part = cv2.resize(cover, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.blendLinear(full, pixels, part, 1 - part), np.uint8)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the view behind drops"

    def _drops(self, grid: tuple[int, int], severity: float, moment: Moment) -> NDArray[np.float64]:
        """Drops (N, 6): centre x and y, radius, height over width, unevenness and its angle.

        In pixels of the grid.
        """
        chance = moment.generator(self.kind())
        ratio = grid[1] * grid[0] / min(grid) ** 2
        count = int(np.ceil(1.6 * ratio * self.most / (np.pi * self.size**2))) + 4
        draws = chance.uniform(0, 1, (count, 6))
        radius = self.size * min(grid) * (0.3 + 1.6 * draws[:, 0] ** 3)
        tall = 1 + 0.25 * draws[:, 1] * (radius > self.size * min(grid))
        wanted = severity * self.most * grid[0] * grid[1]
        area = np.pi * radius**2 * tall
        before = np.cumsum(area) - area
        grown = np.sqrt(np.clip((wanted - before) / area, 0, 1))
        fall = self._fallen(draws, moment.time_s)
        x = draws[:, 3] * grid[1]
        y = ((draws[:, 4] + fall) % 1.3 - 0.15) * grid[0]
        drops = np.stack([x, y, radius * grown, tall], 1)
        lobes = np.stack([0.05 + 0.09 * draws[:, 5], 2 * np.pi * draws[:, 2]], 1)
        shown = (grown > 0.05) & (radius * grown > 0.4)
        return np.asarray(np.concatenate([drops, lobes], 1)[shown])

    def _fallen(self, draws: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        """How far each drop has run, in picture heights: forward only, never evenly."""
        runs = draws[:, 2] < _RUNNERS
        phase = 2 * np.pi * draws[:, 5]
        pace = self.run_speed * (0.5 + draws[:, 5])
        halting = time_s + 0.9 * (np.sin(time_s + phase) - np.sin(phase))
        return np.asarray(runs * pace * halting)


def _shape(
    drop: NDArray[np.float64],
    cover: NDArray[np.float32],
    light: NDArray[np.float32],
    column: NDArray[np.float32],
    row: NDArray[np.float32],
) -> None:
    """Write one drop into the maps: how much it covers, its brightness, where it looks."""
    x, y, radius, tall, uneven, turn = (float(value) for value in drop)
    height, width = cover.shape
    left, right = max(int(x - 1.2 * radius - 1), 0), min(int(x + 1.2 * radius + 3), width)
    top, bottom = (
        max(int(y - 1.2 * radius * tall - 1), 0),
        min(int(y + 1.2 * radius * tall + 3), height),
    )
    if left >= right or top >= bottom:
        return
    here = (slice(top, bottom), slice(left, right))
    across = ((np.arange(left, right, dtype=np.float32) - x) / radius)[None]
    down = ((np.arange(top, bottom, dtype=np.float32) - y) / (radius * tall))[:, None]
    away = np.sqrt(across**2 + down**2)
    around = np.arctan2(down, across)
    away *= 1 + uneven * (np.sin(2 * around + turn) + 0.6 * np.sin(3 * around + 2 * turn))
    softness = np.float32(min(0.3 + 1.2 / (radius + 2), 1.0))
    edge = np.clip((1.1 - away) / softness, 0, 1)
    edge = edge * edge * (3 - 2 * edge)
    in_front = edge > cover[here]
    bend = _MINIATURE * radius * (1 + 0.8 * away**2)
    column[here] = np.where(in_front, x - across * bend, column[here])
    row[here] = np.where(in_front, y - down * bend, row[here])
    shade = 1.02 + 0.22 * down * away - 0.3 * np.clip(away - 0.62, 0, 1)
    light[here] = np.where(in_front, shade, light[here])
    cover[here] = np.maximum(cover[here], edge)
