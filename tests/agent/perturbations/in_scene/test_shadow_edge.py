"""Shadow edges: the ratio of light, its colour, penumbra and sway."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR, to_encoded
from agent.perturbations import Moment
from agent.perturbations.in_scene._illuminant import adaptation
from agent.perturbations.in_scene.shadow_edge import ShadowEdge, _curves, _darken

GROUND = np.full((240, 320, 3), 90, np.uint8)


def building(severity: float, **parameters: float) -> np.ndarray:
    return ShadowEdge(caster="building", **parameters).apply(GROUND, severity, Moment(seed=4))


@pytest.mark.parametrize("severity", [0.3, 0.6, 1.0])
def test_full_shade_is_as_much_darker_as_told(severity: float) -> None:
    light = LINEAR[building(severity)] @ (0.2126, 0.7152, 0.0722)
    ratio = float(ShadowEdge().describe(severity).split()[1])
    assert light[150:].max() / light[150:].min() == pytest.approx(ratio, rel=0.08)


def test_shade_is_bluer_than_sun() -> None:
    result = building(1.0)[150:].reshape(-1, 3)
    darkest = LINEAR[result[result.sum(1).argmin()]]
    assert darkest[2] > 1.2 * darkest[0]


def test_the_edge_widens_with_the_distance_of_what_casts_it() -> None:
    narrow, wide = (
        int(((row > row.min() + 3) & (row < row.max() - 3)).sum())
        for row in (
            building(1.0, caster_m=distance)[150:, :, 1].astype(int) for distance in (15, 80)
        )
    )
    assert wide > 2.5 * narrow


def test_a_tree_sways_and_a_building_does_not() -> None:
    for caster, moves in (("tree", True), ("building", False)):
        kind = ShadowEdge.model_validate({"caster": caster})
        one, two = (kind.apply(GROUND, 1.0, Moment(seed=4, time_s=time)) for time in (0.0, 0.9))
        assert (one != two).any() == moves


def test_the_sky_is_never_in_the_shade() -> None:
    pixels = np.full((240, 320, 3), 90, np.uint8)
    pixels[:100] = (170, 190, 230)
    np.testing.assert_array_equal(
        ShadowEdge().apply(pixels, 1.0, Moment(seed=4))[10:70], pixels[10:70]
    )


@pytest.mark.parametrize("ratio", [1.3, 8.0])
def test_it_is_the_float_reference_to_40_db(ratio: float) -> None:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (90, 120, 3)).astype(np.uint8)
    shade = chance.integers(0, 256, (90, 120)).astype(np.uint8)
    seen = _darken(pixels, shade, _curves(ratio, 8.0, 11_000.0))
    sky, sun = adaptation(11_000).sum(1) / 8, (1 / ratio - 1 / 8) / (1 - 1 / 8)
    hidden = shade[..., None] / 255
    light = LINEAR[pixels] * ((1 - hidden) + hidden * (sun * (1 - sky) + sky))
    error = seen - 255 * to_encoded(light)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 45


def test_a_slight_shade_under_a_very_blue_sky_never_wraps_around() -> None:
    kind = ShadowEdge(caster="building", deepest=1.1, sky_k=25_000)
    assert kind.apply(GROUND, 1.0, Moment(seed=4))[150:].min() > 60


def test_an_even_gray_sky_is_not_in_the_shade_either() -> None:
    chance = np.random.default_rng(1)
    pixels = chance.integers(30, 130, (240, 320, 3)).astype(np.uint8)
    pixels[:100] = (112, 114, 118)
    np.testing.assert_array_equal(
        ShadowEdge().apply(pixels, 1.0, Moment(seed=4))[10:70], pixels[10:70]
    )
