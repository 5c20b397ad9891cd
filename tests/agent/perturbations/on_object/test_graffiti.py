"""Graffiti: the painted share, how it grows, where it stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.perturbations import Moment
from agent.perturbations.on_object.graffiti import Graffiti
from agent.values import Box, Pixels

SIDE = 300
BOX = Box(40, 40, 40 + SIDE, 40 + SIDE)
QUAD = ((40.0, 40.0), (340.0, 40.0), (340.0, 340.0), (40.0, 340.0))


def orange(side: int = SIDE + 80) -> Pixels:
    """A picture of one orange, as if the sign were a blank sheet."""
    return np.full((side, side, 3), (210, 120, 40), np.uint8)


def change(severity: float, seed: int) -> Pixels:
    sprayed = Graffiti().apply(orange(), severity, Moment(seed=seed, region=BOX, quad=QUAD))
    return np.asarray(np.abs(sprayed.astype(int) - orange()).max(2))


def face(scale: float = 1.0) -> Pixels:
    plane = sign_plane((380, 380), quad=QUAD)
    whole = plane.window((380, 380), extent=3.0)
    return plane.mask(whole, scale=scale)


@pytest.mark.parametrize("severity", [0.2, 0.6, 1.0])
def test_the_painted_share_is_the_one_described(severity: float) -> None:
    painted = [(change(severity, seed)[face() > 127] > 45).mean() for seed in range(8)]
    wanted = severity * Graffiti().most
    assert np.mean(painted) == pytest.approx(wanted, abs=0.035)
    assert f"{100 * wanted:.1f} %" in Graffiti().describe(severity)


def test_what_is_sprayed_stays_when_more_is_sprayed() -> None:
    few, many = change(0.3, 4) > 60, change(0.8, 4) > 25
    assert few.sum() > 500
    assert (few & ~many).sum() < 0.02 * few.sum()


def test_paint_ends_at_the_rim() -> None:
    assert not change(1.0, 2)[face(1.02) == 0].any()


def test_the_same_tag_is_seen_from_near_and_far() -> None:
    near = Graffiti().apply(orange(400), 0.5, Moment(seed=6))
    far = Graffiti().apply(orange(100), 0.5, Moment(seed=6))
    shrunk = cv2.resize(near, (100, 100), interpolation=cv2.INTER_AREA)
    one, two = (np.abs(part.astype(float) - orange(100)).sum(2).ravel() for part in (shrunk, far))
    assert np.corrcoef(one, two)[0, 1] > 0.8
