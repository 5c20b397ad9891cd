"""Layers on the lens: drawn coarsely, since they are far out of focus, and laid over a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations._layers import kept
from agent.values import Pixels

Bytes = NDArray[np.uint8]

_TOE: Final = 255 * 0.055  # sRGB: value + 14 goes as light to the power of 1 / 2.4
_POWER: Final = 1 / 2.4
_STRIP: Final = 65_536  # pixels


def coarse(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Rows and columns of a grid for a picture of ``shape``: its shorter side has about so many."""
    step = max(1, round(min(shape[0], shape[1]) / side))
    return -(-shape[0] // step), -(-shape[1] // step)


def enlarged(layer: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A coarse layer at a picture's size."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR))


def tripled(layer: NDArray[Any]) -> NDArray[Any]:
    """One channel (h, w) as three alike (h, w, 3)."""
    return np.asarray(cv2.merge([layer, layer, layer]))


def shrunk(pixels: Pixels, grid: tuple[int, int]) -> Pixels:
    """A picture on a coarse grid, by means of areas; what halves is far cheaper, so halve first."""
    while pixels.shape[0] >= 2 * grid[0] and pixels.shape[1] >= 2 * grid[1]:
        height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
        if pixels.shape[0] % 2 or pixels.shape[1] % 2:
            break
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    if pixels.shape[:2] != grid:
        size = (grid[1], grid[0])
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return pixels


def over(pixels: Pixels, clear: Bytes, lit: Bytes) -> Pixels:
    """``lit`` (h, w, 3), already weighted, laid over a picture of which ``clear`` / 255 is left.

    ``clear`` is at the picture's size (H, W); ``lit`` may be coarse.
    """
    size = (pixels.shape[1], pixels.shape[0])
    laid = np.empty(pixels.shape, np.uint8)
    cv2.resize(lit, size, dst=laid, interpolation=cv2.INTER_LINEAR)
    for rows in _strips(pixels.shape):
        left = cv2.multiply(pixels[rows], tripled(clear[rows]), scale=1 / 255)
        cv2.add(left, laid[rows], dst=laid[rows])
    return laid


def _strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Rows to work on at a time: what lies between two steps stays in the cache, and large
    pictures need no more memory at once, which costs more to get than the sums themselves."""
    step = max(_STRIP // shape[1], 1)
    return (slice(top, top + step) for top in range(0, shape[0], step))


def dimmed(pixels: Pixels, factor: Bytes) -> Pixels:
    """A picture whose light is taken by a layer made with ``value_factor`` (H, W).

    Exact in linear light except below value 10, where sRGB is straight: there up to 3 too dark.
    """
    left = np.empty(pixels.shape, np.uint8)
    for rows in _strips(pixels.shape):
        strip = left[rows]
        cv2.multiply(pixels[rows], tripled(factor[rows]), dst=strip, scale=1 / 255)
        cv2.subtract(strip, tripled(np.asarray(cv2.LUT(factor[rows], _LOWERED))), dst=strip)
    return left


def value_factor(light: NDArray[np.floating[Any]]) -> Bytes:
    """What ``dimmed`` needs, 0..255, of the parts of light left over."""
    return np.asarray(np.power(light, _POWER) * 255 + 0.5).astype(np.uint8)


_LOWERED: Final = np.round(_TOE * (1 - np.arange(256) / 255)).astype(np.uint8)


def patches(order: NDArray[np.float32], share: float) -> float:
    """The level below which ``share`` of an order map lies, from at most some 2000 samples."""
    step = max(1, int(np.sqrt(order.size / 2000)))
    return float(np.quantile(order[::step, ::step], share))


def generator(seed: int) -> np.random.Generator:
    """Chance for a layer, by a seed that is already the kind's own."""
    return np.random.Generator(np.random.SFC64(seed))


@kept
def mottle(seed: int, grid: tuple[int, int], cells: tuple[int, ...]) -> NDArray[np.float32]:
    """Smooth noise (h, w) of about standard deviation 1: equal parts of each number of cells,
    counted along the shorter side."""
    chance = generator(seed)
    field = np.zeros(grid, np.float32)
    short = min(grid)
    for count in cells:
        rows = max(round(count * grid[0] / short), 2)
        columns = max(round(count * grid[1] / short), 2)
        noise = chance.standard_normal((rows, columns), np.float32)
        field += np.asarray(cv2.resize(noise, grid[::-1], interpolation=cv2.INTER_CUBIC))
    return np.asarray(field * np.float32(1.4 / np.sqrt(len(cells))), np.float32)
