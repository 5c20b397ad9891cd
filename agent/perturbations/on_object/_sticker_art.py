"""Small printed stickers, drawn by our own code: what people really put on street signs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.sign_face import legend_mask
from agent.perturbations._layers import kept

Art = NDArray[np.uint8]
"""(S, S, 4): colour as sRGB reflectance and coverage."""

VARIETY: Final = 64
"""How many stickers there are: a fresh seed picks and places, so that it need not draw."""

_INKS: Final = (
    (24, 24, 26),
    (236, 236, 230),
    (236, 196, 36),
    (28, 84, 168),
    (36, 138, 78),
    (226, 110, 28),
    (204, 46, 122),
    (96, 60, 148),
)
_PAPER: Final = (236, 236, 230)
_DARK: Final = (24, 24, 26)
_LETTERS: Final = "ABCDEFGHKLMNPRSTUVXYZ"
_SHIFT: Final = 4
_CAPITAL: Final = 32  # height in pixels that letters are kept at
_MASTER: Final = 96  # side in pixels of the drawing that a design's area is measured on


@kept
def stamp(number: int, side: int) -> Art:
    """One of ``VARIETY`` stickers, (side, side, 4), its colour premultiplied by its coverage."""
    art = draw(number, side * 2)
    cover = art[..., 3]
    colour = cv2.multiply(art[..., :3], cv2.merge((cover, cover, cover)), scale=1 / 255)
    whole = np.dstack([colour, cover])
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def draw(number: int, side: int) -> Art:
    """A sticker that touches the sides of a square of ``side`` pixels."""
    chance = np.random.Generator(np.random.SFC64(number))
    art = _DESIGNS[number % len(_DESIGNS)](side, chance)
    wear = chance.normal(0, 1, (6, 6)).astype(np.float32)
    tone = cv2.resize(wear, (side, side), interpolation=cv2.INTER_CUBIC) * 4
    colour = art[..., :3] + tone[..., None]
    return np.dstack([np.clip(colour, 8, 250).astype(np.uint8), art[..., 3]])


def fill(number: int) -> float:
    """Which part of its square a sticker covers."""
    return _fill(number % len(_DESIGNS))


@cache
def _fill(number: int) -> float:
    """The outline belongs to the design; only what is printed on it differs."""
    art = _DESIGNS[number](_MASTER, np.random.Generator(np.random.SFC64(0)))
    return float(art[..., 3].mean()) / 255


def _card(side: int, colour: tuple[int, int, int], aspect: float, corner: float = 0.08) -> Art:
    """A rounded rectangle as wide as the square and ``aspect`` times as high."""
    art = np.empty((side, side, 4), np.uint8)
    art[..., :3] = colour
    art[..., 3] = 0
    half = aspect / 2
    _box(art[..., 3], 0.0, 0.5 - half, 1.0, 0.5 + half, corner)
    return art


def _box(
    plane: NDArray[np.uint8],
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    corner: float = 0.0,
    ink: tuple[int, ...] = (255,),
) -> None:
    """A filled rectangle in parts of the square, its corners rounded."""
    side = plane.shape[0]
    angles = np.radians(np.arange(0, 360, 15) + 7.5)
    round_part = np.stack([np.cos(angles), np.sin(angles)], 1)
    middle = np.array(((x0 + x1) / 2, (y0 + y1) / 2))
    reach = np.array(((x1 - x0) / 2, (y1 - y0) / 2))
    radius = min(corner, float(reach.min()))
    points = middle + np.sign(round_part) * (reach - radius) + round_part * radius
    _polygon(plane, points * side, ink)


def _polygon(plane: NDArray[np.uint8], points: NDArray[np.float64], ink: tuple[int, ...]) -> None:
    fixed = np.round((points - 0.5) * (1 << _SHIFT)).astype(np.int32)
    target = np.ascontiguousarray(plane)
    cv2.fillPoly(target, [fixed], ink, lineType=cv2.LINE_AA, shift=_SHIFT)
    plane[...] = target


def _ink(art: Art, x0: float, y0: float, x1: float, y1: float, ink: tuple[int, int, int]) -> None:
    _box(art[..., :3], x0, y0, x1, y1, 0.0, ink)


def _lettering(
    art: Art, legend: str, centre: tuple[float, float], height: float, ink: tuple[int, int, int]
) -> None:
    """Letters of a height in parts of the square, narrowed to fit."""
    side = art.shape[0]
    word = _printed(legend)
    tall = max(round(height * side), 2)
    wide = max(round(min(word.shape[1] * tall / word.shape[0], 0.86 * side)), 1)
    mask = np.asarray(cv2.resize(word, (wide, tall), interpolation=cv2.INTER_AREA))
    x = int(np.clip(centre[0] * side - mask.shape[1] / 2, 0, side - mask.shape[1]))
    y = int(np.clip(centre[1] * side - mask.shape[0] / 2, 0, side - mask.shape[0]))
    view = art[y : y + mask.shape[0], x : x + mask.shape[1], :3]
    cover = mask[..., None] / 255.0
    view[:] = (view * (1 - cover) + np.array(ink) * cover).astype(np.uint8)


def _printed(legend: str) -> NDArray[np.uint8]:
    """Coverage of a word (_CAPITAL, W), set from single letters."""
    gap = np.zeros((_CAPITAL, _CAPITAL // 8), np.uint8)
    return np.hstack([part for letter in legend for part in (_letter(letter), gap)][:-1])


@cache
def _letter(letter: str) -> NDArray[np.uint8]:
    """One of some thirty letters and digits, a kilobyte each."""
    return legend_mask(letter, _CAPITAL)


def _word(chance: np.random.Generator, low: int, high: int) -> str:
    count = int(chance.integers(low, high + 1))
    return "".join(_LETTERS[index] for index in chance.integers(len(_LETTERS), size=count))


def _colour(chance: np.random.Generator, first: int = 2) -> tuple[int, int, int]:
    return _INKS[int(chance.integers(first, len(_INKS)))]


def _name_tag(side: int, chance: np.random.Generator) -> Art:
    """A white label with a coloured head and a line of handwriting."""
    art = _card(side, _PAPER, 0.68)
    _ink(art, 0, 0, 1, 0.4, _colour(chance))
    _lettering(art, _word(chance, 4, 6), (0.5, 0.28), 0.13, _PAPER)
    x = np.linspace(0.14, 0.86, 24)
    y = 0.61 + 0.07 * np.sin(x * chance.uniform(22, 40) + chance.uniform(0, 6))
    y += 0.05 * np.sin(x * chance.uniform(9, 15))
    path = np.round(np.stack([x, y], 1) * side * (1 << _SHIFT)).astype(np.int32)
    colour = np.ascontiguousarray(art[..., :3])
    thick = max(1, round(0.03 * side))
    cv2.polylines(colour, [path], False, _DARK, thick, cv2.LINE_AA, _SHIFT)
    art[..., :3] = colour
    return art


def _badge(side: int, chance: np.random.Generator) -> Art:
    """A round sticker with a ring and one or two letters."""
    field, ring = _colour(chance), _INKS[int(chance.integers(2))]
    art = _card(side, ring, 1.0, 0.5)
    _box(art[..., :3], 0.07, 0.07, 0.93, 0.93, 0.5, field)
    _lettering(art, _word(chance, 1, 2), (0.5, 0.5), 0.42, ring)
    return art


def _slogan(side: int, chance: np.random.Generator) -> Art:
    """A dark or bright bumper sticker with two words."""
    field = _DARK if chance.random() < 0.5 else _colour(chance)
    art = _card(side, field, 0.46, 0.03)
    _lettering(art, _word(chance, 5, 7), (0.5, 0.4), 0.15, _PAPER)
    _lettering(
        art, _word(chance, 6, 9), (0.5, 0.62), 0.1, _colour(chance) if field == _DARK else _DARK
    )
    return art


def _price_label(side: int, chance: np.random.Generator) -> Art:
    """White, with bars and a number below."""
    art = _card(side, _PAPER, 0.62, 0.02)
    edges = 0.12 + np.cumsum(chance.uniform(0.025, 0.06, 20))
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        if right < 0.9:
            _ink(art, float(left), 0.26, float(right), 0.6, _DARK)
    digits = "".join(str(digit) for digit in chance.integers(0, 10, 8))
    _lettering(art, digits, (0.5, 0.7), 0.1, _DARK)
    return art


def _smiley(side: int, chance: np.random.Generator) -> Art:
    """A yellow face."""
    del chance
    art = _card(side, _DARK, 1.0, 0.5)
    _box(art[..., :3], 0.05, 0.05, 0.95, 0.95, 0.5, _INKS[2])
    _box(art[..., :3], 0.3, 0.25, 0.42, 0.47, 0.1, _DARK)
    _box(art[..., :3], 0.58, 0.25, 0.7, 0.47, 0.1, _DARK)
    angles = np.radians(np.linspace(20, 160, 16))
    outer = 0.5 + 0.32 * np.stack([np.cos(angles), np.sin(angles)], 1)
    inner = 0.5 + 0.25 * np.stack([np.cos(angles), np.sin(angles)], 1)
    _polygon(art[..., :3], np.concatenate([outer, inner[::-1]]) * side, _DARK)
    return art


def _star(side: int, chance: np.random.Generator) -> Art:
    """A star on a tile."""
    art = _card(side, _colour(chance), 0.94, 0.12)
    angles = np.radians(np.arange(10) * 36 - 90)
    reach = np.where(np.arange(10) % 2 == 0, 0.4, 0.16)[:, None]
    points = 0.5 + reach * np.stack([np.cos(angles), np.sin(angles)], 1)
    _polygon(art[..., :3], points * side, _INKS[int(chance.integers(2))])
    return art


_DESIGNS: Final[tuple[Callable[[int, np.random.Generator], Art], ...]] = (
    _name_tag,
    _badge,
    _slogan,
    _price_label,
    _smiley,
    _star,
    _badge,
    _slogan,
)
