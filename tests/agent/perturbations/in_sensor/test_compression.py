"""JPEG compression: its quality, and colours in their right order."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.in_sensor.compression import Compression


@pytest.mark.parametrize(("severity", "quality"), [(0.5, 27), (1.0, 8)])
def test_it_is_the_round_trip_of_the_quality_described(severity: float, quality: int) -> None:
    chance = np.random.default_rng(0)
    pixels = cv2.GaussianBlur(chance.integers(0, 256, (64, 80, 3), dtype=np.uint8), (0, 0), 2)
    code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    wanted = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1]
    result = Compression().apply(pixels, severity, Moment())
    np.testing.assert_array_equal(result, wanted)
    assert f"JPEG quality {quality}" in Compression().describe(severity)


def test_red_stays_red() -> None:
    red = np.full((32, 32, 3), (200, 30, 40), np.uint8)
    np.testing.assert_allclose(
        Compression().apply(red, 0.3, Moment())[16, 16], (200, 30, 40), atol=6
    )
