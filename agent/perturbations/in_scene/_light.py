"""Light reckoned by place: two bytes, what a place does and what a pixel holds, give one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations._layers import kept

PLACES: Final = 256

_FINE: Final = 65535
_LEVELS: Final = to_levels(np.arange(_FINE + 1) / _FINE)
_LEVELS.flags.writeable = False
_LINEAR: Final = LINEAR.astype(np.float32)


def levels(light: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Picture values of light, clipped to [0, 1]: ``to_levels`` by a table of 65536 steps, which
    are nowhere wider than a twentieth of a picture value."""
    fine = np.clip(light, 0, 1, dtype=np.float32)
    fine *= _FINE
    fine += 0.5
    return levels_of_fine(fine.astype(np.uint16))


def levels_of_fine(light: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Picture values of light given as 0..65535."""
    return np.asarray(_LEVELS.take(light), np.uint8)


def linear(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Light in [0, 1] of picture values."""
    return np.asarray(_LINEAR.take(values), np.float32)


def light_of(level: float) -> float:
    """Light in [0, 1] of a picture value that need not be whole."""
    return float(np.interp(level, np.arange(256), LINEAR))


@kept
def covering(level: int, veil: float = 0.0) -> NDArray[np.uint8]:
    """Table of what stands before the scene, fog or drops: (cover, value), cover 0..255.

    The scene's light gives way to that of ``level``: J (1 - c) + A c, where c is (cover / 255)
    squared, so that thin covers, to which dark pixels are touchy, have many steps. ``veil`` is a
    share of the light that is covered everywhere besides.
    """
    cover = (np.arange(PLACES, dtype=np.float32)[:, None] / (PLACES - 1)) ** 2
    clear = (1 - cover) * np.float32(1 - veil)
    return levels(_LINEAR * clear + np.float32(LINEAR[level]) * (1 - clear))


def cover_of(share: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """The first index of ``covering`` for a share of the light, [0, 1]."""
    return np.asarray(np.sqrt(share) * (PLACES - 1) + 0.5).astype(np.uint8)


@kept
def adding(gain: float = 1.0) -> NDArray[np.uint8]:
    """Table of glare: (glare, value), where glare is itself a picture value; light adds up.

    ``gain`` is what the exposure leaves of the scene's light.
    """
    return levels(_LINEAR * np.float32(gain) + _LINEAR[:, None])
