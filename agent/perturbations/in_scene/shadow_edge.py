"""Shadow edge: the shade of a tree or a building that lies over part of the scene."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.plane import CROP_FILL
from agent.perturbations import Moment, Motion, Perturbation
from agent.perturbations._camera_view import (
    CAMERA_HEIGHT_M,
    HORIZON,
    daylight,
    focal_px,
    is_crop,
)
from agent.perturbations._layers import kept
from agent.perturbations.in_scene._illuminant import adaptation
from agent.perturbations.in_scene._sky import sky_cover
from agent.values import Pixels, derived_seed

_SUN_WIDE: Final = 0.0093  # rad: the sun's apparent diameter
_BACKDROP_M: Final = 18.0  # where the upright things stand that the shadow falls on
_REACH_M: Final = 1.2  # how far from the picture's middle the shadow may begin
_OFFSET: Final = 14.025  # sRGB's power law is shifted by 0.055 of 255
_SWAY: Final = 0.006  # of the picture's width
_SWAY_HZ: Final = (0.31, 0.47)
_NOISE: Final = 256  # knots a side of the foliage's chance
_KNOT_M: Final = 0.08
_RESOLVED: Final = 1.5  # knots between samples; twigs are about as wide


class ShadowEdge(Perturbation):
    """The shade of a tree or a building over part of the scene, with its soft and bluish edge.

    Severity is how much darker the shade is than the sunlit part: 1 to ``deepest`` times in equal
    ratios (clear noon: sun 80 klx to sky 10 klx). Only sky light reaches the shade: its colour is
    that of ``sky_k`` on the CIE daylight locus. The edge is as wide as the sun's disc makes it: 9.3
    mm for each metre to what casts the shadow. The pattern lies on a flat road and, beyond it, on
    upright things 18 m away (a small picture is a crop of the object alone, at the distance that
    its size tells). ``tree``: a crown's shade with flecks of sun, which sways a little with the
    time; ``building``: one straight, still edge. Where it falls is chance; what looks like sky,
    bright or evenly gray, is never in the shade.
    """

    motion: ClassVar[Motion] = "moving"

    caster: Literal["tree", "building"] = "tree"
    deepest: float = Field(8.0, gt=1, le=50)
    caster_m: float = Field(10.0, gt=0, le=100)
    sky_k: float = Field(11_000.0, ge=4000, le=25_000)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        shape = (pixels.shape[0], pixels.shape[1])
        margin = _margin(shape) if self.caster == "tree" else 0
        upright_m = _BACKDROP_M
        if is_crop(shape):  # the object itself: as far away as the usual crop tells
            upright_m = focal_px(shape) * moment.size_cm / (100 * CROP_FILL * min(shape))
        shade = _shade(shape, margin, self.caster, self.caster_m, upright_m, seed)
        place = [
            margin + round(margin * float(np.sin(2 * np.pi * (hertz * moment.time_s + phase))))
            for hertz, phase in zip(_SWAY_HZ, (seed % 97 / 97, seed % 89 / 89), strict=True)
        ]
        view = shade[place[1] : place[1] + shape[0], place[0] : place[0] + shape[1]]
        ground = cv2.subtract(view, sky_cover(pixels, daylight(pixels), moment))
        return _darken(
            pixels,
            np.asarray(ground, np.uint8),
            _curves(self._ratio(severity), self.deepest, self.sky_k),
        )

    def describe(self, severity: float) -> str:
        return f"shade {self._ratio(severity):.2f} × darker"

    def _ratio(self, severity: float) -> float:
        return float(self.deepest**severity)


def _darken(
    pixels: Pixels, shade: NDArray[np.uint8], curves: tuple[NDArray[np.uint8], ...]
) -> Pixels:
    """Scale the light by what each place keeps of it, by ``shade`` (H, W)."""
    red, green, blue, less = (np.asarray(cv2.LUT(shade, curve), np.uint8) for curve in curves)
    scaled = cv2.multiply(pixels, cv2.merge([red, green, blue]), scale=1 / 255)
    return np.asarray(cv2.subtract(scaled, cv2.merge([less, less, less])), np.uint8)


@kept
def _curves(ratio: float, deepest: float, sky_k: float) -> tuple[NDArray[np.uint8], ...]:
    """By shade 0..255: what to scale red, green and blue values with, and what to take off then.

    Full shade keeps the sky's part of the light, and of the sun's as much as makes up the ratio.
    To scale light by k is to scale picture values, shifted by the curve's offset, by k^(1/2.4).
    """
    sky = adaptation(sky_k).sum(1) / deepest
    sun = (1 / ratio - 1 / deepest) / (1 - 1 / deepest)
    shares = np.arange(256)[:, None] / 255
    scale = np.minimum(1 - shares * (1 - sun) * (1 - sky), 1) ** (1 / 2.4)
    gains = np.round(255 * scale).astype(np.uint8)
    less = np.round(_OFFSET * (1 - scale.mean(1))).astype(np.uint8)
    return (*(np.ascontiguousarray(gains[:, channel]) for channel in range(3)), less)


def _margin(shape: tuple[int, int]) -> int:
    return max(1, round(_SWAY * shape[1]))


@kept
def _shade(
    shape: tuple[int, int],
    margin: int,
    caster: str,
    caster_m: float,
    upright_m: float,
    seed: int,
) -> NDArray[np.uint8]:
    """How much of the sun is hidden, 0..255, (H + 2 margin, W + 2 margin)."""
    size = (shape[1] + 2 * margin, shape[0] + 2 * margin)
    across, along = _surface_m(shape, margin, upright_m)
    chance = np.random.Generator(np.random.SFC64(seed))
    edge_m = _SUN_WIDE * caster_m
    side, turn = chance.choice([-1.0, 1.0]), chance.uniform(-0.5, 0.5)
    reach = min(_REACH_M, 0.25 * shape[1] * upright_m / focal_px(shape))
    start = chance.uniform(-reach, reach)
    beyond = along - np.float32(upright_m + CAMERA_HEIGHT_M)
    slanted = across * np.float32(np.cos(turn)) + beyond * np.float32(np.sin(turn))
    inward = side * (slanted - np.float32(start))
    if caster == "building":
        hidden = np.clip(0.5 + inward / np.float32(edge_m), 0, 1)
        return _full(hidden, size)
    leaves = _leaves(edge_m)
    place_x = across * np.float32(1 / _KNOT_M) + np.float32(chance.uniform(0, _NOISE) + _NOISE)
    place_y = along * np.float32(1 / _KNOT_M) + np.float32(chance.uniform(0, _NOISE))
    texture = cv2.remap(leaves, place_x, place_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    # Where neighbouring rows lie many leaves apart no fleck is resolved, only their mean.
    apart = np.abs(np.gradient(along[:, :1], axis=0)) / np.float32(_KNOT_M)
    resolved = np.clip(_RESOLVED / np.maximum(apart, 1e-3), 0, 1) ** 2
    mean = np.float32(leaves.mean())
    texture = mean + np.asarray(resolved, np.float32) * (texture - mean)
    return _full(np.clip(texture + 0.9 * np.tanh(inward / np.float32(reach)), 0, 1), size)


def _full(hidden: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    coarse = np.asarray(255 * hidden + 0.5).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _surface_m(
    shape: tuple[int, int], margin: int, upright_m: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where every other pixel lies on the road or on what stands beside it, in metres: across,
    along."""
    focal = np.float32(focal_px(shape))
    row = np.arange(1 - margin, shape[0] + margin + 1, 2, dtype=np.float32) - HORIZON * shape[0]
    column = np.arange(1 - margin, shape[1] + margin + 1, 2, dtype=np.float32) - shape[1] / 2
    foot = focal * CAMERA_HEIGHT_M / upright_m
    depth = np.where(row > foot, focal * CAMERA_HEIGHT_M / np.maximum(row, 1), upright_m)
    upright = np.maximum(foot - row, 0) * upright_m / focal
    along = np.where(row > foot, depth, upright_m + upright)
    return (
        np.asarray(column[None] * (depth / focal)[:, None], np.float32),
        np.ascontiguousarray(np.broadcast_to(along[:, None], (len(row), len(column))), np.float32),
    )


@kept
def _leaves(edge_m: float) -> NDArray[np.float32]:
    """A crown's shade, repeating, 0..1 and softened by the sun's disc: clumps and flecks.

    One crown serves all seeds, which each see another part of it.
    """
    chance = np.random.Generator(np.random.SFC64(derived_seed("crown")))
    grain = chance.normal(0, 1, (_NOISE, _NOISE)).astype(np.float32)
    clumps, twigs = _blurred(grain, 7.0), _blurred(grain, 1.5)
    cover = clumps / clumps.std() * 0.8 + twigs / twigs.std()
    hidden = np.clip(0.5 + 1.6 * (cover + 0.6), 0, 1).astype(np.float32)
    return _blurred(hidden, max(0.35 * edge_m / _KNOT_M, 0.3))


def _blurred(ring: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blurred as a pattern that repeats."""
    edge = 24
    wide = cv2.copyMakeBorder(ring, edge, edge, edge, edge, cv2.BORDER_WRAP)
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), sigma)[edge:-edge, edge:-edge], np.float32)
