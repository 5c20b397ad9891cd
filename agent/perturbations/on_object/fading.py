"""Ink that the sun has bleached."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.lighting import mix
from agent.geometry.shapes import Shape
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels, derived_seed

_RED: Final = (176, 30, 44)  # the red of a new sign, as sRGB
_WHITE: Final = 236.0
_RATES: Final = (0.4, 1.0, 0.92)
"""How fast what absorbs red, green and blue light bleaches, relative to the red ink's own dye."""
_BODY: Final = 0.3  # what absorbs all light alike (carbon black) bleaches this fast
_LIGHTFAST: Final = np.interp(np.arange(256), (8, 70), (255, 120)).astype(np.uint8)
"""How much of the fading takes place, 0..255, by how far green or blue exceeds red."""
_STEPS: Final = 40
_WHITE_STEP: Final = 8
_SAMPLES: Final = 32  # rows and columns that the white is sought in
_BLOTCHES: Final = ((26.0, 0.5), (9.0, 0.35), (3.5, 0.2))
_UNEVEN: Final = 0.16
_STREAK_CM: Final = 4.0


class Fading(Perturbation):
    """Sun-bleached ink: colours lose chroma and contrast, red turns to salmon and pink.

    Severity is the loss of CIELAB chroma that a new sign's red suffers, from 0 to ``most`` in
    percent. Ink is a filter on the white sheet (Beer and Lambert): light passes it as t, and with a
    part f of the dye gone as t to the power 1 - f. Dyes that absorb green (magenta) go first, soon
    those that absorb blue (yellow), those that absorb red (cyan) more slowly, and carbon black
    hardly at all, which is why old red signs are pink and old posters are blue; blue and green
    signs are printed with phthalocyanines, which fade half as much. It is uneven by about a sixth,
    in blotches and upright streaks. The rates are our estimates by eye;
    EN 12899-1 and ASTM D4956 give the box in the CIE diagram that red must stay in.
    """

    most: float = Field(75.0, gt=0, le=85)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        window = plane.window(pixels.shape)
        if severity <= 0 or window.empty:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        within = 1.0 if moment.quad is not None else weather.WITHIN
        where = _where(plane.layer_side(), plane.size_cm, plane.shape, seed, within)
        cover = plane.warp(where, window)
        view = window.of(pixels)
        faded = _bleached(view, cover, severity * self.most / 100)
        return mix(pixels, window, faded, _exposed(view, cover))

    def describe(self, severity: float) -> str:
        loss = severity * self.most
        apart = np.interp(loss / 100, _losses()[0], _losses()[1])
        return f"{loss:.0f} % less chroma in red (ΔE*ab {apart:.0f})"


def _bleached(view: Pixels, cover: weather.Layer, loss: float) -> Pixels:
    """A view (h, w, 3) in which red has lost a part of its chroma; the sign is where it is
    covered."""
    channels = cv2.split(view)
    body = np.asarray(cv2.max(cv2.max(channels[0], channels[1]), channels[2]), np.uint8)
    grey, tints = _tables(_white(body, cover), loss)
    lifted = cv2.LUT(body, grey)
    parts = [
        cv2.multiply(cv2.LUT(cv2.divide(one, body, scale=255), tint), lifted, scale=1 / 255)
        for one, tint in zip(channels, tints, strict=True)
    ]
    return np.asarray(cv2.merge(parts), np.uint8)


def _exposed(view: Pixels, cover: weather.Layer) -> weather.Layer:
    """The cover (h, w) of the fading, lessened where the ink is blue or green."""
    red, green, blue = cv2.split(view)
    fast = cv2.LUT(cv2.subtract(cv2.max(green, blue), red), _LIGHTFAST)
    return np.asarray(cv2.multiply(cover, fast, scale=1 / 255), np.uint8)


def _white(body: weather.Layer, cover: weather.Layer) -> int:
    """How bright the sign's sheet is: the level that a fortieth of its pixels exceeds, in steps
    that let neighbouring frames share their tables."""
    step = max(min(body.shape) // _SAMPLES, 1)
    on_sign = cover[::step, ::step] > 127
    samples = body[::step, ::step][on_sign]
    if len(samples) == 0:
        return 255
    place = (len(samples) * 39) // 40
    return _WHITE_STEP * round(int(np.partition(samples, place)[place]) / _WHITE_STEP)


@kept
def _tables(white: int, loss: float) -> tuple[NDArray[np.uint8], ...]:
    """Of the brightest channel (256,), and of the other ones relative to it (3, 256).

    Powers pass through the picture's own gamma unchanged, so that they apply to its values.
    """
    strength = _strength(loss)
    levels = np.arange(256)
    share = levels / max(white, 1)
    grey = np.where(share < 1, white * share ** (1 - _BODY * strength), levels)
    tints = [255 * (levels / 255) ** (1 - rate * strength) for rate in _RATES]
    return (
        np.asarray(np.clip(grey + 0.5, 0, 255).astype(np.uint8)),
        np.asarray(np.clip(np.stack(tints) + 0.5, 0, 255).astype(np.uint8)),
    )


@kept
def _where(side: int, size_cm: float, shape: Shape, seed: int, within: float) -> weather.Layer:
    """How much of the fading each point of the hull has, 0..255: all but a sixth, unevenly."""
    chance = weather.chance_of(seed, "blotches")
    uneven = weather.noise(side, size_cm, _BLOTCHES, chance)
    columns = min(max(round(size_cm / _STREAK_CM), 2), side)
    grid = weather.chance_of(seed, "streaks").standard_normal((3, columns)).astype(np.float32)
    uneven += 0.3 * cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    part = np.clip(1 - _UNEVEN * (0.5 - uneven), 0.5, 1)
    face = weather.face_cover(shape, side, within)
    return np.asarray((part * face + 0.5).astype(np.uint8))


def _strength(loss: float) -> float:
    """The part of the red dye that is gone when red has lost a part of its chroma."""
    losses, _ = _losses()
    return float(np.interp(loss, losses, np.linspace(0, 1, _STEPS)))


@cache  # two short tables
def _losses() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loss of chroma and distance in CIELAB of a new sign's red for each step of bleaching."""
    strengths = np.linspace(0, 1, _STEPS)[:, None]
    red = np.array(_RED, np.float64)
    body = _WHITE * (red.max() / _WHITE) ** (1 - _BODY * strengths)
    shades = body * (red / red.max()) ** (1 - np.array(_RATES) * strengths)
    unit = np.asarray(shades[None] / 255, np.float32)
    lab = np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB), np.float64)[0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    return 1 - chroma / chroma[0], np.linalg.norm(lab - lab[0], axis=1)
