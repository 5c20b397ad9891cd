"""Which pictures are no use, and which only look odd."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras._health import ALIKE, Health
from agent.values import Fault, Pixels

CHANCE = np.random.default_rng(0)


def noise(mean: float = 120, spread: float = 30, height: int = 96, width: int = 128) -> Pixels:
    picture = CHANCE.normal(mean, spread, (height, width, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def filled(colour: tuple[int, int, int], rows: int) -> Pixels:
    picture = noise()
    picture[96 - rows :] = colour
    return picture


def judged(*pictures: Pixels, frozen_s: float = 10.0) -> list[Fault]:
    """The faults of pictures that come one second apart."""
    health = Health(frozen_s)
    return [health.fault(picture, float(second)) for second, picture in enumerate(pictures)]


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (noise(), ""),
        (noise(4, 2), "black"),
        (np.zeros((96, 128, 3), np.uint8), "black"),
        (noise(20, 8), ""),  # dusk
        (filled((128, 128, 128), 48), "torn"),
        (filled((130, 130, 130), 20), "torn"),
        (filled((128, 128, 128), 6), ""),  # a few rows may be anything
        (filled((0, 135, 0), 30), "torn"),
        (filled((0, 0, 0), 30), ""),  # a letterbox
        (filled((255, 255, 255), 30), ""),  # snow
        (filled((128, 128, 128), 96), "torn"),
        (noise(128, 1.5), ""),  # fog is not exactly uniform
    ],
)
def test_a_picture_alone(picture: Pixels, fault: Fault) -> None:
    assert judged(picture) == [fault]


def test_a_jpeg_that_was_cut_off_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), noise(height=480, width=640))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    half = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert half is not None, "OpenCV reports success"
    assert judged(half.astype(np.uint8)) == ["torn"]


def test_identical_pictures_are_frozen_after_the_time_that_a_still_scene_has() -> None:
    still = noise()
    faults = judged(still, *[still.copy() for _ in range(5)], noise(), still, frozen_s=3)
    assert faults == ["", "", "", "", "frozen", "frozen", "", ""]


def test_seldom_looks_at_a_still_scene_are_not_frozen_at_the_second_one() -> None:
    """A small budget may leave more seconds between two looks than a still scene has."""
    health, still = Health(10.0), noise()
    faults = [health.fault(still.copy(), 15.0 * look) for look in range(ALIKE + 1)]
    assert faults == [""] * (ALIKE - 1) + ["frozen"] * 2


def test_one_pixel_that_differs_is_life() -> None:
    """Between the pixels that are sampled, too."""
    pictures = [noise()]
    for number in range(6):
        other = pictures[0].copy()
        other[1, 1] = number
        pictures.append(other)
    assert not any(judged(*pictures, frozen_s=2))


def test_another_size_than_the_first_is_a_fault_until_it_is_the_first_again() -> None:
    first, wide, tall = noise(), noise(width=64), noise(height=200)
    assert judged(first, wide, tall, noise()) == ["", "size", "size", ""]
