"""The shadow on a sign: LAB lightness, its edge and its area."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

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
