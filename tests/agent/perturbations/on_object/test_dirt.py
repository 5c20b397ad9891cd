"""Dirt: its share, its weight at the bottom, its growth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.perturbations import Moment
from agent.perturbations.on_object.dirt import Dirt
from agent.values import Box, Pixels

BOX = Box(40, 40, 340, 340)
QUAD = ((40.0, 40.0), (340.0, 40.0), (340.0, 340.0), (40.0, 340.0))
BLUE = np.full((380, 380, 3), (70, 110, 190), np.uint8)


def change(dirt: Dirt, severity: float, seed: int) -> Pixels:
    dirty = dirt.apply(BLUE, severity, Moment(seed=seed, region=BOX, quad=QUAD))
    return np.asarray(np.abs(dirty.astype(int) - BLUE).max(2))


def face(scale: float = 1.0) -> Pixels:
    plane = sign_plane((380, 380), quad=QUAD)
    return plane.mask(plane.window((380, 380), extent=3.0), scale=scale)


@pytest.mark.parametrize("severity", [0.2, 0.6, 1.0])
def test_mud_covers_the_share_that_is_described(severity: float) -> None:
    dirt = Dirt(film=0)
    muddy = [(change(dirt, severity, seed)[face() > 127] > 30).mean() for seed in range(6)]
    wanted = severity * dirt.most
    assert np.mean(muddy) == pytest.approx(wanted, abs=0.03)
    assert f"{100 * wanted:.0f} %" in dirt.describe(severity)


def test_mud_and_film_are_heavier_at_the_bottom() -> None:
    for dirt in (Dirt(film=0, most=0.4), Dirt(most=0.001)):
        heavy = np.mean([change(dirt, 1.0, seed) for seed in range(6)], 0)
        top, middle, bottom = (
            heavy[rows, 130:250].mean()
            for rows in (slice(60, 120), slice(160, 220), slice(260, 320))
        )
        assert top < middle < bottom


def test_mud_that_is_there_stays() -> None:
    levels = [change(Dirt(), part, 3) > 40 for part in (0.2, 0.5, 1.0)]
    for less, more in pairwise(levels):
        assert (less & ~more).sum() < 0.02 * less.sum()


def test_nothing_beside_the_sign_is_dirty() -> None:
    assert not change(Dirt(), 1.0, 1)[face(1.02) == 0].any()
