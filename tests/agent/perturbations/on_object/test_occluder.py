"""The branch or pole before a sign: how much it hides, and how it moves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.sign_face import octagon
from agent.perturbations import Moment
from agent.perturbations.on_object.occluder import Occluder
from agent.values import Pixels

QUAD = ((150.0, 150.0), (350.0, 150.0), (350.0, 350.0), (150.0, 350.0))
WALL = np.full((500, 500, 3), 235, np.uint8)


def hidden(pixels: Pixels) -> float:
    """The part of the sign's face that changed."""
    face = np.zeros((500, 500), np.uint8)
    cv2.fillPoly(face, [np.round(octagon(200) + 249.5).astype(np.int32)], (1,))
    changed = (pixels.astype(int) < 200).any(2)
    return float(changed[face > 0].mean())


@pytest.mark.parametrize("shape", ["branch", "pole"])
@pytest.mark.parametrize("severity", [0.3, 0.6, 1.0])
def test_the_covered_part_is_the_one_described(shape: str, severity: float) -> None:
    occluder = Occluder.model_validate({"shape": shape, "sway_cm": 0})
    covers = [
        hidden(occluder.apply(WALL, severity, Moment(seed=seed, quad=QUAD))) for seed in range(5)
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


def test_a_pole_stands_from_the_top_of_the_picture_to_its_bottom() -> None:
    pixels = Occluder(shape="pole").apply(WALL, 0.4, Moment(seed=2, quad=QUAD))
    columns = (pixels < 200).all((0, 2))
    assert columns.sum() > 20
    assert (pixels[:, ~(pixels < 235).any((0, 2))] == 235).all()
