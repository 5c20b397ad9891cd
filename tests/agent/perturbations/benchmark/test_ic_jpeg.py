"""JPEG compression of ImageNet-C: its qualities and its colour resolution."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_jpeg import IcJpeg


@pytest.mark.parametrize(("level", "quality"), [(1, 25), (2, 18), (3, 15), (4, 10), (5, 7)])
def test_a_level_is_one_round_trip_at_the_standards_quality(level: int, quality: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    pixels = cv2.GaussianBlur(noise, (0, 0), 2)
    code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    wanted = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(IcJpeg().apply(pixels, level / 5, Moment()), wanted)


def test_colour_is_coded_at_half_the_resolution_and_gray_at_the_full_one() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(IcJpeg().apply(stripes, 0.2, Moment())[20, 20:40, 0].astype(int)) > 200
    coloured = np.full((64, 64, 3), (128, 128, 128), np.uint8)
    coloured[:, ::2] = (190, 85, 190)  # as bright as the gray beside it
    coloured[:, 1::2] = (66, 171, 66)
    assert np.ptp(IcJpeg().apply(coloured, 0.2, Moment())[20, 20:40, 0].astype(int)) < 60
