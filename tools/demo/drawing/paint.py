"""Elementary marks: noise fields, colours, polygons, lettering.

Pictures are uint8 RGB (H, W, 3); patches are uint8 RGBA; colours are RGB triples in 0..255.
Functions that take a picture draw into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from agent.geometry.sign_face import legend_mask

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[int, int, int]
Rng = np.random.Generator

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
)
_ALPHABET = "ABCDEFGHIJKLMNOPRSTUVWXYZ"


def clouds(rng: Rng, shape: tuple[int, int], cells: int, octaves: int = 3) -> Field:
    """Smooth noise (H, W) in about 0..1, `cells` bumps along the longer side at first."""
    height, width = shape
    field = np.zeros(shape, np.float32)
    weight = 0.0
    for octave in range(octaves):
        step = max(height, width) / (cells * 2**octave)
        small = rng.random((int(height / step) + 2, int(width / step) + 2), np.float32)
        field += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
        weight += 0.5**octave
    return field / np.float32(weight)


def jitter(rng: Rng, base: ArrayLike, spread: float) -> Colour:
    """A colour near `base`: one common shift and a smaller one for each channel."""
    moved = np.asarray(base, float) + rng.normal(0, spread) + rng.normal(0, spread / 2, 3)
    red, green, blue = np.clip(moved, 0, 255).astype(int)
    return int(red), int(green), int(blue)


def any_colour(rng: Rng) -> Colour:
    """Any colour, greyish ones more often, as things in streets are."""
    grey = rng.uniform(15, 245)
    return jitter(rng, grey + (rng.random(3) * 255 - grey) * rng.choice([0.08, 0.25, 0.9]), 8)


def any_red(rng: Rng) -> Colour:
    """Sign red, brick, brake light, faded pink or orange-red."""
    red = rng.uniform(110, 245)
    green = red * rng.uniform(0.02, 0.34)
    return int(red), int(green), int(green * rng.uniform(0.5, 1.5))


def polygon(picture: Any, points: ArrayLike, colour: Sequence[float]) -> None:
    """Fill a polygon (N, 2) given in pixels, antialiased."""
    fixed = np.round(np.asarray(points, float) * 16).astype(np.int32)
    cv2.fillPoly(picture, [fixed], colour, cv2.LINE_AA, 4)


def rectangle(
    picture: Any, left: float, top: float, right: float, bottom: float, colour: Sequence[float]
) -> None:
    """Fill an upright rectangle given in pixels."""
    corners = (round(left), round(top)), (round(right) - 1, round(bottom) - 1)
    cv2.rectangle(picture, corners[0], corners[1], colour, -1)


def disc(
    picture: Any, x: float, y: float, radius: float, colour: Sequence[float], squash: float = 1.0
) -> None:
    """Fill an ellipse of half width `radius` and half height `radius * squash`."""
    axes = (max(round(radius * 16), 8), max(round(radius * squash * 16), 8))
    centre = (round(x * 16), round(y * 16))
    cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, 4)


def blank(height: int, width: int, colour: Colour) -> Picture:
    """A patch of one colour and full transparency; paint alpha to show it."""
    patch = np.zeros((height, width, 4), np.uint8)
    patch[..., :3] = colour
    return patch


def words(rng: Rng, longest: int = 6) -> str:
    """Letters or a number such as signs and shops carry."""
    if rng.random() < 0.25:
        return str(rng.integers(1, 200))
    return "".join(rng.choice(list(_ALPHABET), rng.integers(2, longest + 1)))


def lettering(rng: Rng, text: str, height: int) -> Picture:
    """Coverage (height, W) of a text in one of several alphabets."""
    if rng.random() < 0.6:
        return legend_mask(text, height, stroke=float(rng.uniform(0.1, 0.2)))
    font = _FONTS[int(rng.integers(len(_FONTS)))]
    sheet = np.zeros((96, 70 * len(text) + 40), np.uint8)
    cv2.putText(sheet, text, (16, 72), font, 2.0, (255,), int(rng.integers(3, 9)), cv2.LINE_AA)
    x, y, width, tall = cv2.boundingRect(sheet)
    ink = sheet[y : y + tall, x : x + width]
    wide = max(round(width * height / max(tall, 1) * rng.uniform(0.65, 1.0)), 1)
    return np.asarray(cv2.resize(ink, (wide, height), interpolation=cv2.INTER_AREA), np.uint8)


def write(
    patch: Picture, mask: Picture, x: float, y: float, colour: Colour, width: float | None = None
) -> None:
    """Put lettering into `patch`, centred at (x, y), squeezed to `width` where it is wider."""
    if width is not None and mask.shape[1] > width:
        mask = np.asarray(cv2.resize(mask, (max(int(width), 1), mask.shape[0])), np.uint8)
    left, top = round(x - mask.shape[1] / 2), round(y - mask.shape[0] / 2)
    x0, y0 = max(left, 0), max(top, 0)
    x1 = min(left + mask.shape[1], patch.shape[1])
    y1 = min(top + mask.shape[0], patch.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    cover = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) / 255
    place = patch[y0:y1, x0:x1, :3]
    place[:] = (place * (1 - cover) + np.array(colour, np.float32) * cover).astype(np.uint8)
