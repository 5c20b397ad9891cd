"""Between picture values and light: the sRGB transfer curve (IEC 61966-2-1) and its tables."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray


def to_linear(encoded: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Light in [0, 1] of sRGB values in [0, 1]."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def to_encoded(light: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """sRGB values in [0, 1] of light, which is clipped to [0, 1]."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


LINEAR: Final = to_linear(np.arange(256) / 255)
"""Light in [0, 1] of each picture value 0..255."""
LINEAR.flags.writeable = False


def to_levels(light: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Picture values 0..255 of light in [0, 1]."""
    return np.asarray(to_encoded(light) * 255 + 0.5).astype(np.uint8)
