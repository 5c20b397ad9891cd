"""Sun glare: the law of disability glare, and a disc that no target stands in."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_scene.sun_glare import SunGlare
from agent.values import Box

BLACK = np.zeros((480, 640, 3), np.uint8)


def test_the_veil_falls_with_the_square_of_the_angle() -> None:
    """Stiles and Holladay: 10 E / angle^2, E and white as the parameters say."""
    kind = SunGlare(closest_deg=5, sun_lux=10_000, scatter=1, white_cd_m2=10_000, metering_ev=0)
    seen = LINEAR[kind.apply(BLACK, 1.0, Moment(seed=1))][..., 1]
    sun = np.argwhere(seen == seen.max()).mean(0)
    rows, columns = np.mgrid[0:480, 0:640]
    apart = np.hypot(rows - sun[0], columns - sun[1]) * np.degrees(1 / 640)
    ring = (apart > 5) & (apart < 22)
    np.testing.assert_allclose(seen[ring] * apart[ring] ** 2, 10 * 0.98, rtol=0.13)


@pytest.mark.parametrize("seed", range(5))
def test_the_disc_is_never_before_the_target(seed: int) -> None:
    box = Box(250, 200, 330, 280)
    result = SunGlare(scatter=0.2).apply(BLACK, 1.0, Moment(seed=seed, region=box))
    assert (result == 255).any()
    assert result[230:250, 280:300].max() < 255


def test_the_sun_stands_still_and_above() -> None:
    one, later = (SunGlare().apply(BLACK, 0.8, Moment(seed=2, time_s=time)) for time in (0.0, 5.0))
    np.testing.assert_array_equal(one, later)
    assert one[:240].mean() > one[240:].mean()


def test_glare_takes_contrast_away() -> None:
    pixels = np.full((480, 640, 3), 40, np.uint8)
    pixels[200:280, 280:360] = 160
    box = Box(280, 200, 360, 280)
    spans = [
        float(np.ptp(SunGlare().apply(pixels, part / 4, Moment(region=box))[285:295, 320, 0]))
        + float(SunGlare().apply(pixels, part / 4, Moment(region=box))[270, 320, 0])
        - float(SunGlare().apply(pixels, part / 4, Moment(region=box))[290, 320, 0])
        for part in range(5)
    ]
    assert spans[0] > spans[2] > spans[4]


def test_the_sun_does_not_follow_the_target() -> None:
    one, later = (
        SunGlare().apply(BLACK, 0.8, Moment(seed=2, region=Box(x, 200, x + 30, 230)))
        for x in (20, 120)
    )
    np.testing.assert_array_equal(one[:200], later[:200])


def test_a_target_before_the_sun_hides_its_disc() -> None:
    kind = SunGlare(scatter=0.1)
    sun = np.argwhere(kind.apply(BLACK, 1.0, Moment(seed=2))[..., 0] == 255).mean(0)
    box = Box(sun[1] - 40, sun[0] - 40, sun[1] + 40, sun[0] + 40)
    hidden = kind.apply(BLACK, 1.0, Moment(seed=2, region=box))
    assert hidden[round(sun[0]), round(sun[1])].max() < 255
