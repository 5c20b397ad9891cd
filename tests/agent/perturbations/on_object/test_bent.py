"""The bent sheet: foreshortening, shading, and what it uncovers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.perturbations import Moment
from agent.perturbations.on_object.bent import Bent, _unrolled
from agent.values import Box, Pixels

QUAD = ((90.0, 90.0), (290.0, 90.0), (290.0, 290.0), (90.0, 290.0))
BOX = Box(90, 90, 290, 290)
RED, GREEN = (190, 30, 40), (60, 130, 70)


def scene() -> Pixels:
    """A red sign before even green."""
    plane = sign_plane((380, 380), quad=QUAD)
    face = plane.mask(plane.window((380, 380), extent=3.0))[..., None] / 255
    return np.asarray(np.array(RED) * face + np.array(GREEN) * (1 - face) + 0.5).astype(np.uint8)


def bent(severity: float, seed: int) -> Pixels:
    return Bent().apply(scene(), severity, Moment(seed=seed, region=BOX, quad=QUAD))


def red(pixels: Pixels) -> Pixels:
    return np.asarray(pixels[..., 0].astype(int) > pixels[..., 1])


@pytest.mark.parametrize("degrees", [20.0, 45.0, 65.0])
def test_a_flap_shows_the_cosine_of_its_length(degrees: float) -> None:
    shown = np.array([[-5.0, 0.0, 6.0, 8.0]], np.float32)
    length, turn = _unrolled(shown, float(np.radians(degrees)), 76.2)
    assert length[0, 3] - length[0, 2] == pytest.approx(2 / np.cos(np.radians(degrees)), rel=0.02)
    assert turn[0, 3] == pytest.approx(np.radians(degrees))
    assert length[0, 1] == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("seed", range(6))
def test_the_sign_shrinks_as_it_bends_and_never_grows(seed: int) -> None:
    areas = [red(bent(part, seed)) for part in (0.0, 0.3, 0.6, 1.0)]
    sizes = [int(one.sum()) for one in areas]
    assert sizes[0] > sizes[1] > sizes[2] > sizes[3] > 0.5 * sizes[0]
    assert (areas[3] & ~areas[0]).sum() < 10


@pytest.mark.parametrize("seed", range(6))
def test_what_is_uncovered_is_the_scenery(seed: int) -> None:
    result = bent(1.0, seed)
    open_now = red(scene()) & ~red(result)
    assert open_now.sum() > 300
    away = np.abs(result[open_now].astype(int) - GREEN).max(1)
    assert np.quantile(away, 0.85) < 12


def test_a_far_sign_leaves_no_ghost_of_its_rim() -> None:
    far = cv2.resize(scene(), (48, 48), interpolation=cv2.INTER_AREA)
    quad = tuple((x * 48 / 380, y * 48 / 380) for x, y in QUAD)
    for seed in range(6):
        result = Bent().apply(far, 1.0, Moment(seed=seed, quad=quad))
        plane = sign_plane((48, 48), quad=quad)
        beside = plane.mask(plane.window((48, 48), extent=3.0), scale=1.1) == 0
        ghost = red(far) & ~red(result)
        assert (np.abs(result[beside].astype(int) - far[beside]).max()) <= 2
        assert np.median(result[ghost][:, 0]) < GREEN[0] + 12


def test_the_scenery_beside_the_sign_is_not_touched() -> None:
    plane = sign_plane((380, 380), quad=QUAD)
    beside = plane.mask(plane.window((380, 380), extent=3.0), scale=1.04) == 0
    for seed in range(6):
        np.testing.assert_array_equal(bent(1.0, seed)[beside], scene()[beside])


def test_a_flap_is_lit_unlike_the_rest_of_the_sheet() -> None:
    tones = []
    for seed in range(8):
        result = bent(1.0, seed)
        tones.append(result[red(result)][:, 0] / RED[0])
    assert all((np.abs(one - 1) < 0.02).mean() > 0.2 for one in tones)
    assert min(np.quantile(one, 0.02) for one in tones) < 0.75
    assert max(np.quantile(one, 0.98) for one in tones) > 1.03
