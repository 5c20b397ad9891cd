"""What makes it look like a camera: falling off to the corners, a soft lens, a little noise."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from agent.cameras._drive_by.palette import Layer, as_layer
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.values import Pixels, derived_seed

_BLUR_PX: Final = 0.5  # standard deviation of the lens and the colour filter's interpolation
_FALL_OFF: Final = 0.22  # light lost in the corners
_SLACK: Final = 61  # how far the noise picture can be shifted, in pixels


class Sensor:
    """Turns light (float32 RGB, 0..255) into pixels.

    One field of noise is drawn for a drive and shifted by chance on each frame: as good as new
    noise to any model, at a tenth of the cost.
    """

    def __init__(self, drive: DriveByParameters, chance: np.random.Generator) -> None:
        across = np.linspace(-1, 1, drive.width, dtype=np.float32)[None, :]
        down = np.linspace(-1, 1, drive.height, dtype=np.float32)[:, None]
        falling = drive.light * (1 - _FALL_OFF / 2 * (across**2 + down**2))
        self._falling = np.repeat(falling[:, :, None], 3, axis=2).astype(np.float32)
        shape = (drive.height + _SLACK, drive.width + _SLACK, 3)
        self._noise = np.asarray(chance.standard_normal(shape, np.float32) * drive.noise)
        self._seed = drive.seed

    def expose(self, light: Layer, frame: int) -> Pixels:
        """Read-only uint8 RGB (H, W, 3) of one frame."""
        height, width = light.shape[:2]
        soft = as_layer(cv2.GaussianBlur(light, (3, 3), _BLUR_PX))
        chance = np.random.Generator(np.random.SFC64(derived_seed(self._seed, "noise", frame)))
        y, x = (int(part) for part in chance.integers(0, _SLACK, 2))
        soft *= self._falling
        soft += self._noise[y : y + height, x : x + width]
        pixels = np.asarray(cv2.convertScaleAbs(np.maximum(soft, 0)), np.uint8)
        pixels.setflags(write=False)
        return pixels
