"""Wide blurs on a smaller picture: what they leave of a picture has no detail to lose.

The smaller picture is a mean of blocks and comes back by cubic interpolation. Both blur a little
themselves, so the kernel in between is fitted until the three together come nearest to the wanted.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations._layers import kept
from agent.values import Pixels

Kernel = NDArray[np.float32]

OMEGA: Final = (np.arange(48) + 0.5) * (np.pi / 48)
"""Frequencies at which kernels are compared, radians per pixel."""
EXACTLY: Final = 1e3
"""Weight of a condition that must hold: that a flat picture stays as it is."""


def gaussian_blur(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur of spread ``sigma`` px, edges continued by their outermost pixels."""
    factor = blocks(sigma)
    if factor > 1:
        row = _coarse_gaussian(sigma, factor)
        small = shrunk(pixels, factor, cv2.BORDER_REPLICATE)
        small = cv2.sepFilter2D(small, -1, row, row, borderType=cv2.BORDER_REPLICATE)
        return enlarged(small, factor, pixels.shape)
    side = 2 * int(3 * sigma + 0.99) + 1
    blurred = cv2.GaussianBlur(pixels, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.uint8)


def blocks(sigma: float) -> int:
    """The side of the blocks, in pixels, that a blur of spread ``sigma`` px can be reckoned on."""
    return 1 if sigma < 1.5 else min(max(int(sigma), 2), 16)


def shrunk(pixels: Pixels, factor: int, border: int) -> NDArray[Any]:
    """Means of blocks of ``factor`` by ``factor``, with a block more of the border all round."""
    height, width = pixels.shape[:2]
    below, right = factor + -height % factor, factor + -width % factor
    wide = cv2.copyMakeBorder(pixels, factor, below, factor, right, border)
    size = (wide.shape[1] // factor, wide.shape[0] // factor)
    return cv2.resize(wide, size, interpolation=cv2.INTER_AREA)


def enlarged(small: NDArray[Any], factor: int, shape: tuple[int, ...]) -> Pixels:
    """The picture of ``shape`` (H, W, 3) whose blocks ``shrunk`` gave."""
    size = (small.shape[1] * factor, small.shape[0] * factor)
    wide = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    inner = wide[factor : factor + shape[0], factor : factor + shape[1]]
    return np.ascontiguousarray(inner, np.uint8)


def come_through(omega: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """What part of a wave of ``omega`` radians per pixel is left by shrinking and enlarging."""
    offsets = (np.arange(factor) - (factor - 1) / 2)[None]
    mean = np.cos(omega[:, None] * offsets).mean(1)
    apart = np.arange(-2 * factor, 2 * factor + 1) + (0.5 if factor % 2 == 0 else 0.0)
    cubic = _cubic(np.abs(apart) / factor)
    return np.asarray(mean * (np.cos(omega[:, None] * apart) @ cubic) / cubic.sum())


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """OpenCV's cubic interpolation: the weight of a sample x >= 0 samples away (Keys, a = -3/4)."""
    a = -0.75
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


@kept
def _coarse_gaussian(sigma: float, factor: int) -> Kernel:
    """One axis of the kernel for blocks of a Gaussian of ``sigma`` px, (n,).

    Of all such kernels the one nearest to the Gaussian where pictures have most: their waves fall
    in strength with their frequency.
    """
    omega = OMEGA
    reach = math.ceil(3.5 * sigma / factor)
    waves = 2 * np.cos(np.outer(omega, np.arange(reach + 1) * factor))
    waves[:, 0] = 1
    weights = 1 / omega
    left = waves * (come_through(omega, factor) * weights)[:, None]
    wanted = np.exp(-0.5 * (omega * sigma) ** 2) * weights
    sums = np.where(np.arange(reach + 1) == 0, 1.0, 2.0) * EXACTLY
    half = np.linalg.lstsq(np.vstack([left, sums]), np.append(wanted, EXACTLY), rcond=None)[0]
    return np.asarray(np.concatenate([half[:0:-1], half]), np.float32)
