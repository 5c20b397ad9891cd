"""The floating-point references, against what a person can work out; and the kinds against them."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import to_linear
from agent.perturbations import Moment, family
from agent.values import Box, Pixels
from tools.bench.exact import EXACT
from tools.bench.fidelity import LEAST_DB, psnr

MOMENT = Moment(seed=5, time_s=0.1, frame=3, region=Box(40, 30, 104, 94))
EVEN_LEAVES_ALONE = (
    "defocus", "distortion", "ic_motion_blur", "low_resolution", "motion_blur", "rolling_shutter",
)  # fmt: skip


def dot(value: int = 255) -> Pixels:
    """One bright pixel in the middle of black."""
    pixels = np.zeros((61, 81, 3), np.uint8)
    pixels[30, 40] = value
    return pixels


def photo() -> Pixels:
    """Slopes, edges and grain, as in a photograph."""
    chance = np.random.default_rng(0)
    rows, columns = np.mgrid[0:131, 0:157]
    base = np.stack([rows * 1.3, columns * 1.2, (rows + columns) % 64 + 90], 2)
    base[40:80, 50:95] = (190, 40, 50)
    return np.clip(base + chance.normal(0, 4, base.shape), 0, 255).astype(np.uint8)


def test_references_are_of_kinds_that_exist() -> None:
    assert set(EXACT) <= set(family.kinds())


@pytest.mark.parametrize("kind", EVEN_LEAVES_ALONE)
def test_what_moves_light_about_leaves_an_even_picture_alone(kind: str) -> None:
    even = np.full((50, 61, 3), (200, 90, 10), np.uint8)
    np.testing.assert_allclose(EXACT[kind](even, 0.6, MOMENT), even, atol=1e-9)


def test_a_defocused_dot_is_an_even_disc_of_the_described_diameter() -> None:
    seen = EXACT["defocus"](dot(), 0.75, MOMENT)[..., 0]
    assert seen.sum() == pytest.approx(255)
    assert seen.max() == pytest.approx(255 / (np.pi * 6**2), rel=0.01)
    assert seen[30, 46 - 1] == pytest.approx(seen.max())
    assert seen[30, 47] == pytest.approx(0, abs=1e-12)


def test_a_smeared_dot_is_a_line_of_the_described_length() -> None:
    seen = EXACT["motion_blur"](dot(), 0.5, MOMENT)[..., 0]
    rows, columns = np.indices(seen.shape)
    weights = seen / seen.sum()
    variance = (weights * ((rows - 30) ** 2 + (columns - 40) ** 2)).sum()
    mixing = variance - 9**2 / 12  # between pixels a place is mixed from two each way
    assert 0 <= mixing < 2 / 6 + 0.1


def test_the_standards_trail_goes_one_way_and_falls() -> None:
    seen = EXACT["ic_motion_blur"](dot(), 0.2, MOMENT)[..., 0]
    assert seen.sum() == pytest.approx(255)
    assert seen[:, 41:].sum() == 0
    along = seen.sum(0)[40:20:-1]
    assert along[0] > along[3] > along[8]


def test_a_stop_is_twice_the_light() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    seen = to_linear(EXACT["exposure"](grey, 1 / 3, MOMENT) / 255)
    np.testing.assert_allclose(seen, 2 * to_linear(grey / 255))


def test_the_corner_loses_the_described_light() -> None:
    grey = np.full((400, 400, 3), 200, np.uint8)
    light = to_linear(EXACT["vignetting"](grey, 1.0, MOMENT) / 255)
    assert np.log2(light[0, 0, 0] / light[200, 200, 0]) == pytest.approx(-3, abs=0.1)


def test_a_shadow_keeps_the_hue_of_grey() -> None:
    grey = np.full((131, 157, 3), 160, np.uint8)
    seen = EXACT["cast_shadow"](grey, 1.0, MOMENT)
    assert seen.min() < 80
    np.testing.assert_allclose(np.ptp(seen, axis=2), 0, atol=0.05)


def test_at_the_visibility_a_black_sign_keeps_a_fiftieth_of_its_contrast() -> None:
    pixels = np.full((60, 60, 3), 220, np.uint8)
    pixels[20:40, 20:40] = 0
    far = Moment(distance_m=30.0)  # the visibility at full severity
    light = to_linear(EXACT["fog"](pixels, 1.0, far) / 255)
    assert (light[0, 0, 0] - light[30, 30, 0]) / to_linear(pixels / 255).max() == pytest.approx(
        0.02, abs=0.001
    )


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("severity", [0.2, 0.6, 1.0])
def test_a_kind_is_its_exact_operation_to_40_db(kind: str, severity: float) -> None:
    pixels, perturbation = photo(), family.load(kind)()
    exact = EXACT[kind](pixels, severity, MOMENT)
    assert np.abs(exact - pixels).max() > 1
    drawn = perturbation.apply(pixels, severity, MOMENT)
    assert psnr(drawn[30:94, 40:104], exact[30:94, 40:104]) >= LEAST_DB
    assert psnr(drawn, exact) >= LEAST_DB
