"""Small pictures on disk for the data formats' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

Draw = Callable[..., Path]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Writes a picture of noise below the test's folder: its name, width and height in pixels."""

    def write(name: str, width: int = 40, height: int = 30) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        chance = np.random.default_rng(len(name))
        cv2.imwrite(str(path), chance.integers(0, 255, (height, width, 3), np.uint8))
        return path

    return write
