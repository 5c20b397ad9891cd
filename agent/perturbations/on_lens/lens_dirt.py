"""Dust, dried splashes and mud on the lens or on the pane before it."""

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
    mottle,
    over,
    patches,
)
from agent.values import Pixels, derived_seed

_SIDE: Final = 120  # rows of the layer, or columns of an upright one: dirt is far out of focus
_BLUR: Final = 1.1  # standard deviation of that blur, on the layer
_MUD: Final = (0.36, 0.30, 0.24)  # colours of dried road dirt, in parts of the scene's mean value
_DUST: Final = (0.98, 0.93, 0.84)
_SPOTS: Final = 480
_FIRST: Final = 240  # of them are small; the later ones grow larger and close the gaps
_CORNERS: Final = 14
_LARGEST: Final = 0.075  # radius in parts of the shorter side
_SMALLEST: Final = 0.006
_TAIL: Final = 1.5  # spots of radius r or more are as many as r ** -1.5
_FILM: Final = 0.22  # of the light that the film takes at its thickest


class LensDirt(Perturbation):
    """Dried splashes, rims that drops have left and dust: soft spots on a pale film.

    Splashes come in swarms, a few large ones with many small ones about them, uneven in outline.
    Of three spots two are mud, which takes up to ``density`` of the light and returns a
    little in its own brown; the third is a dried drop: a pale stain with most of its dust at
    the rim. Between them lies a thin film in broad streaks, which lights up dark places. Severity
    is the part of the view behind spots, from 0 to ``most`` (.5: a rear or side camera after a
    day on wet gravel); they come one after another, so that more severity only adds. Sizes, swarms
    and colours are our estimates by eye, not measured.
    """

    most: float = Field(0.5, gt=0, le=0.9)
    density: float = Field(0.85, ge=0, le=1)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        seed = derived_seed(moment.seed, self.kind())
        clear, mud, dust = _dirt(grid, seed, severity * self.most, self.density)
        step = max(1, min(pixels.shape[:2]) // 48)
        mean = cv2.mean(pixels[::step, ::step])
        lit = cv2.merge(
            [
                cv2.addWeighted(mud, mean[i] * _MUD[i] / 255, dust, mean[i] * _DUST[i] / 255, 0)
                for i in range(3)
            ]
        )
        return over(pixels, np.asarray(enlarged(clear, pixels.shape)), np.asarray(lit, np.uint8))

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.0f} % of the view behind dirt"


@kept
def _dirt(grid: tuple[int, int], seed: int, share: float, density: float) -> tuple[Bytes, ...]:
    """What is left of the view, what mud takes and what dust takes, (h, w) each, in all 255."""
    order, rims, dense = _splashes(grid, seed)
    here = (order <= patches(order, share)) & (order < _SPOTS)
    drop = (order % 3 == 2) & here
    thick = dense[order.astype(np.int32)]
    grain = 1 + 0.1 * mottle(seed + 1, grid, (40, 60))
    mud = np.where(here & ~drop, thick * grain, 0).astype(np.float32) * np.float32(density)
    stain = np.where(drop, 0.16 + 0.5 * (rims == order), 0).astype(np.float32) * thick
    soft_mud = cv2.GaussianBlur(mud, (0, 0), _BLUR, borderType=cv2.BORDER_REPLICATE)
    soft_stain = cv2.GaussianBlur(stain, (0, 0), 0.8 * _BLUR, borderType=cv2.BORDER_REPLICATE)
    film = mottle(seed + 2, grid, (3, 5)) * 0.25 + mottle(seed + 3, grid, (9, 16)) * 0.12
    film = np.clip(0.55 + film, 0, 1) * np.float32(_FILM * min(1.0, 2 * share))
    soft_mud = np.clip(soft_mud, 0, 1)
    soft_dust = np.clip(np.maximum(soft_stain, film), 0, 1) * (1 - soft_mud)
    mud_bytes = np.asarray(soft_mud * 255).astype(np.uint8)
    dust_bytes = np.asarray(soft_dust * 255).astype(np.uint8)
    return np.asarray(255 - mud_bytes - dust_bytes, np.uint8), mud_bytes, dust_bytes


@kept
def _splashes(
    grid: tuple[int, int], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The first spot to come at each place, the spot whose rim lies there, (h, w) each, and how
    dense each spot is, (``_SPOTS`` + 1,)."""
    chance = generator(seed)
    centres, radii = _places(chance, grid)
    turns = np.arange(_CORNERS) * (2 * np.pi / _CORNERS)
    waves = chance.uniform(0, 2 * np.pi, (2, _SPOTS, 1))
    uneven = chance.uniform(0.02, 0.16, (2, _SPOTS, 1))
    away = 1 + uneven[0] * np.sin(2 * turns + waves[0]) + uneven[1] * np.sin(3 * turns + waves[1])
    away += chance.normal(0, 0.04, away.shape)
    way = np.stack([np.cos(turns), np.sin(turns)], 1)
    corners = (centres[:, None] + (away * radii[:, None])[..., None] * way) * 16
    fixed = np.round(corners).astype(np.int32)
    order = np.full(grid, _SPOTS, np.float32)
    rims = np.full(grid, -1, np.float32)
    for number in range(_SPOTS - 1, -1, -1):
        cv2.fillPoly(order, [fixed[number]], (number,), shift=4)
        if number % 3 == 2:
            cv2.polylines(rims, [fixed[number]], True, (number,), shift=4)
    return order, rims, chance.uniform(0.6, 1, _SPOTS + 1).astype(np.float32)


def _places(
    chance: np.random.Generator, grid: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (N, 2) and radii (N,) of spots in pixels of the grid: half of them in swarms."""
    short = min(grid)
    room = np.array((grid[1], grid[0]), np.float64)
    radii = np.minimum(_SMALLEST * chance.uniform(0, 1, _SPOTS) ** (-1 / _TAIL), _LARGEST) * short
    radii = radii * (1 + 3 * np.maximum(np.arange(_SPOTS) - _FIRST, 0) / (_SPOTS - _FIRST))
    swarms = chance.uniform(-0.05, 1.05, (9, 2)) * room
    swarm = chance.integers(0, len(swarms), _SPOTS)
    spread = chance.exponential(0.13 * short, (_SPOTS, 1)) * chance.normal(0, 1, (_SPOTS, 2))
    alone = (chance.uniform(0, 1, _SPOTS) < 0.5)[:, None]
    centres = np.where(alone, chance.uniform(-0.03, 1.03, (_SPOTS, 2)) * room, swarms[swarm])
    centres += np.where(alone, 0, spread)
    return centres, np.asarray(radii, np.float64)
