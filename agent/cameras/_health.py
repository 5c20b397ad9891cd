"""Why a picture is no use although it came: pure, on a sample of its pixels."""

from __future__ import annotations

from typing import Final

import numpy as np

from agent.values import Fault, Pixels

STRIDE: Final = 8
"""Every so many px across and down are looked at."""

BLACK_MEAN: Final = 16.0
BLACK_SPREAD: Final = 4.0
"""Mean and standard deviation, in steps of 0..255, below which a picture shows nothing."""

FILLED: Final = 1 / 8
"""Share of the rows, from the bottom, that a decoder must have filled up for a torn picture."""

ALIKE: Final = 5
"""Identical pictures below which none is frozen: a device that looks every quarter of a minute
must not take its second look at a still scene for a fault."""


class Health:
    """Judges pictures in the order in which they come.

    ``frozen_s``: seconds of identical pictures that pass for a still scene, as do fewer than
    ``ALIKE``. A sensor's noise makes no two pictures alike, but a network camera may send none
    of it.
    """

    def __init__(self, frozen_s: float) -> None:
        self._frozen_s = frozen_s
        self._size: tuple[int, ...] | None = None
        self._last: tuple[Pixels, Pixels] | None = None
        self._since = 0.0
        self._alike = 0

    def fault(self, pixels: Pixels, monotonic: float) -> Fault:
        """What is wrong with a picture (H, W, 3) of that time in s; empty where nothing is."""
        if self._size is None:
            self._size = pixels.shape
        if pixels.shape != self._size:
            return "size"
        sample = np.ascontiguousarray(pixels[::STRIDE, ::STRIDE])
        still = self._still_s(pixels, sample, monotonic)
        if sample.mean() < BLACK_MEAN and sample.std() < BLACK_SPREAD:
            return "black"
        if torn(sample):
            return "torn"
        return "frozen" if still > self._frozen_s and self._alike >= ALIKE else ""

    def _still_s(self, pixels: Pixels, sample: Pixels, monotonic: float) -> float:
        """For how many seconds the pictures have been identical to the last bit.

        The sample settles nearly all cases; all pixels are compared only where it agrees.
        """
        last, self._last = self._last, (pixels, sample)
        same = last is not None and _same(last[1], sample) and _same(last[0], pixels)
        if not same:
            self._since, self._alike = monotonic, 0
        self._alike += 1
        return monotonic - self._since


def torn(sample: Pixels) -> bool:
    """Whether the rest of a picture is what decoders leave where data is missing.

    That is mid-grey, or the green of YUV zeros, exactly uniform over the lowest rows; also a
    whole picture of it. Other uniform blocks, such as the black bars of a letterbox, are not.
    """
    colour = sample[-1, 0].astype(int)
    grey = bool((abs(colour - 128) <= 3).all())
    green = colour[0] == 0 and colour[2] == 0 and 70 <= colour[1] <= 160
    if not (grey or green):
        return False
    other = np.flatnonzero((sample != sample[-1, 0]).any(axis=(1, 2)))
    filled = len(sample) - (int(other[-1]) + 1 if len(other) else 0)
    return filled >= FILLED * len(sample)


def _same(a: Pixels, b: Pixels) -> bool:
    return bool((a == b).all())
