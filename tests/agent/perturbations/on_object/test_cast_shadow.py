"""The shadow on a sign: LAB lightness, its edge and its area."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.geometry.plane import Window
from agent.geometry.shapes import Shape
from agent.geometry.sign_face import octagon
from agent.perturbations import Moment
from agent.perturbations.on_object.cast_shadow import CastShadow
from agent.values import Pixels

QUAD = ((50.0, 50.0), (350.0, 50.0), (350.0, 350.0), (50.0, 350.0))


def lightness(pixels: Pixels) -> np.ndarray:  # type: ignore[type-arg]
    unit = pixels.astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB))[..., 0]


@pytest.mark.parametrize(("severity", "factor"), [(0.5, 0.7), (1.0, 0.4)])
def test_lightness_is_multiplied_by_the_factor_described(severity: float, factor: float) -> None:
    wall = np.full((400, 400, 3), (170, 160, 150), np.uint8)
    shaded = CastShadow().apply(wall, severity, Moment(seed=1, quad=QUAD))
    ratio = lightness(shaded) / lightness(wall)
    assert ratio.min() == pytest.approx(factor, abs=0.01)
    assert f"×{factor:.2f}" in CastShadow().describe(severity)


def test_the_shadow_covers_its_share_of_the_face_and_nothing_else() -> None:
    wall = np.full((400, 400, 3), 160, np.uint8)
    face = np.zeros((400, 400), np.uint8)
    cv2.fillPoly(face, [np.round(octagon(300) + 199.5).astype(np.int32)], (1,))
    shares = []
    for seed in range(5):
        ratio = lightness(CastShadow().apply(wall, 1.0, Moment(seed=seed, quad=QUAD)))
        shaded = ratio < lightness(wall) * 0.7
        shares.append(shaded.sum() / face.sum())
        assert not shaded[cv2.dilate(face, np.ones((5, 5), np.uint8)) == 0].any()
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_colour_stays_while_lightness_falls() -> None:
    wall = np.full((400, 400, 3), (150, 120, 110), np.uint8)
    shaded = CastShadow().apply(wall, 0.6, Moment(seed=1, quad=QUAD))
    before = cv2.cvtColor(wall[:1, :1].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    dark = shaded[lightness(shaded) < lightness(wall).min() * 0.7]
    after = cv2.cvtColor(dark[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0].mean(0)
    np.testing.assert_allclose(after[1:], before[1:], atol=1.0)


def test_the_edge_is_a_few_pixels_wide() -> None:
    wall = np.full((400, 400, 3), 160, np.uint8)
    quad = ((-400.0, -400.0), (800.0, -400.0), (800.0, 800.0), (-400.0, 800.0))
    ratio = lightness(CastShadow().apply(wall, 0.5, Moment(seed=3, quad=quad)))
    steps = np.abs(np.diff(ratio, axis=1))
    assert steps.max() < 0.4 * (ratio.max() - ratio.min())


@pytest.mark.parametrize("face", ["triangle", "diamond", "circle"])
def test_the_share_is_that_of_a_face_of_any_shape(face: Shape) -> None:
    wall = np.full((400, 400, 3), 160, np.uint8)
    shares = []
    for seed in range(5):
        moment = Moment(seed=seed, quad=QUAD, face=face)
        inside = moment.plane(wall.shape).mask(Window(0, 0, 400, 400)) > 127
        shaded = lightness(CastShadow().apply(wall, 1.0, moment)) < lightness(wall) * 0.7
        shares.append(shaded.sum() / inside.sum())
        assert not (shaded & ~inside).sum() > 0.01 * shaded.sum()
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)


def test_the_shadow_is_exact_to_a_few_levels_against_the_same_in_floats() -> None:
    chance = np.random.default_rng(0)
    coarse = chance.integers(20, 236, (40, 40, 3), np.uint8)
    picture = np.asarray(cv2.resize(coarse, (400, 400), interpolation=cv2.INTER_CUBIC), np.uint8)
    quad = ((-4e3, -4e3), (5e3, -4e3), (5e3, 5e3), (-4e3, 5e3))
    shaded = CastShadow(area=1.0).apply(picture, 1.0, Moment(seed=1, quad=quad))
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    wanted = cv2.cvtColor(lab * np.float32((0.4, 1, 1)), cv2.COLOR_LAB2RGB) * 255
    error = np.mean((shaded.astype(float) - np.clip(wanted, 0, 255)) ** 2)
    assert 10 * np.log10(255**2 / error) > 40
