"""The glare spot: how much it blows out, and that it only adds light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.geometry.photometry import LINEAR, to_levels
from agent.geometry.plane import sign_plane
from agent.perturbations import Moment
from agent.perturbations.on_object.glare_spot import GlareSpot, _lit
from agent.values import Box, Pixels

BOX = Box(80, 80, 300, 300)
QUAD = ((80.0, 80.0), (300.0, 80.0), (300.0, 300.0), (80.0, 300.0))


def scene() -> Pixels:
    chance = np.random.default_rng(2)
    return chance.integers(5, 90, (380, 380, 3)).astype(np.uint8)


def glaring(severity: float, seed: int) -> Pixels:
    return GlareSpot().apply(scene(), severity, Moment(seed=seed, region=BOX, quad=QUAD))


@pytest.mark.parametrize("severity", [0.2, 0.6, 1.0])
def test_the_share_that_is_blown_out_is_the_one_described(severity: float) -> None:
    plane = sign_plane((380, 380), quad=QUAD)
    face = plane.mask(plane.window((380, 380), extent=3.0)) > 127
    shares = [(glaring(severity, seed)[face].min(1) >= 250).mean() for seed in range(6)]
    assert np.mean(shares) == pytest.approx(severity * GlareSpot().most, abs=0.03)


def test_light_is_only_added_and_only_about_the_sign() -> None:
    weak, strong = glaring(0.4, 3).astype(int), glaring(0.8, 3).astype(int)
    assert (weak >= scene()).all()
    assert (strong >= weak - 1).mean() > 0.999
    far = np.ones((380, 380), bool)
    far[45:335, 45:335] = False
    np.testing.assert_array_equal(strong[far], scene()[far])


@settings(max_examples=40, deadline=None)
@given(value=st.integers(0, 255), light=st.integers(0, 255))
def test_light_adds_up_as_light_does(value: int, light: int) -> None:
    view = np.full((4, 4, 3), value, np.uint8)
    seen = _lit(view, np.full((4, 4), light, np.uint8))[0, 0, 0]
    added = 6.0 * (light / 255) ** 2
    exact = to_levels(LINEAR[value] + added * (1 + 2.5 * LINEAR[value]))
    assert abs(int(seen) - int(exact)) <= 2
