"""The branch or pole before a sign: how much it hides, and how it moves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.shapes import Shape, outline
from agent.perturbations import Moment
from agent.perturbations.on_object.occluder import Occluder
from agent.values import Box, Pixels

QUAD = ((150.0, 150.0), (350.0, 150.0), (350.0, 350.0), (150.0, 350.0))
BELOW = {"branch": 200, "pole": 200, "vehicle": 234}
MOMENT = Moment(seed=2, quad=QUAD)
WALL = np.full((500, 500, 3), 235, np.uint8)


def hidden(pixels: Pixels, face_is: Shape = "octagon", *, below: int = 200) -> float:
    """The part of the sign's face that became darker than ``below``; a white lorry is 234."""
    face = np.zeros((500, 500), np.uint8)
    cv2.fillPoly(face, [np.round(outline(face_is) * 200 + 249.5).astype(np.int32)], (1,))
    changed = (pixels < below).any(2)
    return float(changed[face > 0].mean())


@pytest.mark.parametrize("shape", ["branch", "pole", "vehicle"])
@pytest.mark.parametrize("severity", [0.3, 0.6, 1.0])
def test_the_covered_part_is_the_one_described(shape: str, severity: float) -> None:
    occluder = Occluder.model_validate({"shape": shape, "sway_cm": 0})
    covers = [
        hidden(occluder.apply(WALL, severity, Moment(seed=seed, quad=QUAD)), below=BELOW[shape])
        for seed in range(5)
    ]
    assert np.mean(covers) == pytest.approx(0.7 * severity, abs=0.05)


def test_more_severity_keeps_the_leaves_that_are_there() -> None:
    still = Occluder(sway_cm=0)
    few = (still.apply(WALL, 0.3, Moment(seed=2, quad=QUAD)) < 200).any(2)
    many = (still.apply(WALL, 0.9, Moment(seed=2, quad=QUAD)) < 200).any(2)
    assert (few & ~many).sum() < 0.02 * few.sum()


def test_the_branch_swings_slowly_and_no_further_than_it_says() -> None:
    """At 2.6 px to the centimetre, 2.5 cm of sway are 6.6 px; a frame later it is much less."""
    pictures = [
        Occluder().apply(WALL, 0.5, Moment(seed=2, quad=QUAD, time_s=time))[..., 0].astype(float)
        for time in (0.0, 1 / 30, 0.9)
    ]
    hann = cv2.createHanningWindow((500, 500), cv2.CV_64F)
    next_frame, _ = cv2.phaseCorrelate(pictures[0], pictures[1], hann)
    later, _ = cv2.phaseCorrelate(pictures[0], pictures[2], hann)
    assert np.hypot(*next_frame) < 1.0
    assert 1.0 < np.hypot(*later) < 2 * 6.6 * 1.2


@pytest.mark.parametrize("shape", ["branch", "pole", "vehicle"])
def test_the_part_is_that_of_a_triangular_sign_too(shape: str) -> None:
    occluder = Occluder.model_validate({"shape": shape, "sway_cm": 0})
    covers = [
        hidden(
            occluder.apply(WALL, 0.6, Moment(seed=seed, quad=QUAD, face="inverted_triangle")),
            "inverted_triangle",
            below=BELOW[shape],
        )
        for seed in range(5)
    ]
    assert np.mean(covers) == pytest.approx(0.42, abs=0.05)


def test_a_pole_stands_from_the_top_of_the_picture_to_its_bottom() -> None:
    pixels = Occluder(shape="pole").apply(WALL, 0.4, Moment(seed=2, quad=QUAD))
    columns = (pixels < 200).all((0, 2))
    assert columns.sum() > 20
    assert (pixels[:, ~(pixels < 235).any((0, 2))] == 235).all()


def test_a_pole_keeps_its_width_and_stands_further_before_the_sign() -> None:
    poles = [
        np.flatnonzero((Occluder(shape="pole").apply(WALL, part, MOMENT) < 200).any((0, 2)))
        for part in (0.2, 0.6, 1.0)
    ]
    assert np.ptp([len(pole) for pole in poles]) <= 3
    away = [abs(pole.mean() - 249.5) for pole in poles]
    assert away[0] > away[1] + 10 > away[2] + 20


def test_a_branch_hangs_from_above_the_picture() -> None:
    for seed in range(6):
        pixels = Occluder().apply(WALL, 0.5, Moment(seed=seed, quad=QUAD))
        parts, labels = cv2.connectedComponents((pixels != 235).any(2).astype(np.uint8))
        sizes = np.bincount(labels.ravel(), minlength=parts)[1:]
        largest = labels == 1 + int(sizes.argmax())
        assert largest[0].any()
        assert sizes.max() > 0.9 * sizes.sum()


def test_a_vehicle_that_passes_hides_the_part_described_at_most() -> None:
    slow = Occluder(shape="vehicle", pass_s=8)
    covers = [
        hidden(slow.apply(WALL, 1.0, Moment(seed=3, quad=QUAD, time_s=time)), below=234)
        for time in np.arange(0, 8, 0.5)
    ]
    assert max(covers) == pytest.approx(0.7, abs=0.06)
    assert min(covers) < 0.1
    assert np.abs(np.diff(covers)).max() < 0.2


@pytest.mark.parametrize("shape", ["branch", "pole", "vehicle"])
@pytest.mark.parametrize(
    "region",
    [Box(20, 30, 28, 38), Box(0, 300, 1900, 302), Box(900, 0, 902, 1000), Box(-90, -90, 40, 40)],
    ids=["8 px", "flat", "narrow", "cut off"],
)
def test_odd_signs_pass(shape: str, region: Box) -> None:
    picture = np.full((1080, 1920, 3), 120, np.uint8)
    occluder = Occluder.model_validate({"shape": shape})
    assert occluder.apply(picture, 0.5, Moment(seed=1, region=region)).shape == picture.shape
