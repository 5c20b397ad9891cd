"""Snow on the face: its share, the side that it comes from, its colour."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.geometry.sign_face import stop_face
from agent.perturbations import Moment
from agent.perturbations.on_object.snow_cover import SnowCover
from agent.values import Box, Pixels

BOX = Box(40, 40, 340, 340)
QUAD = ((40.0, 40.0), (340.0, 40.0), (340.0, 340.0), (40.0, 340.0))


def sign(brightness: float = 0.7, legend: str = "") -> Pixels:
    """A stop sign, mostly without a legend: all red inside its border."""
    drawn = stop_face(300, legend=legend).astype(float)
    pixels = np.full((380, 380, 3), 110.0)
    cover = drawn[..., 3:] / 255
    inner = pixels[40:-40, 40:-40]
    inner[:] = inner * (1 - cover) + drawn[..., :3] * cover
    return (pixels * brightness).astype(np.uint8)


def snowy(severity: float, seed: int) -> Pixels:
    moment = Moment(seed=seed, region=BOX, quad=QUAD)
    return SnowCover().apply(sign(), severity, moment)


def inside() -> Pixels:
    """The red field, which the border is not part of."""
    plane = sign_plane((380, 380), quad=QUAD)
    mask = plane.mask(plane.window((380, 380), extent=3.0), scale=0.92)
    return np.asarray(mask > 250)


def white(pixels: Pixels) -> Pixels:
    """Where a picture of a red sign is no longer red."""
    return np.asarray(pixels[..., 1].astype(int) > 0.6 * pixels[..., 0])


@pytest.mark.parametrize("severity", [0.25, 0.6, 0.9])
def test_the_share_under_snow_is_the_one_described(severity: float) -> None:
    shares = [white(snowy(severity, seed))[inside()].mean() for seed in range(8)]
    assert np.mean(shares) == pytest.approx(severity * SnowCover().most, abs=0.04)


def test_snow_comes_from_above_and_never_leaves() -> None:
    some = np.mean([white(snowy(0.45, seed)) for seed in range(10)], 0)
    assert some[60:150, 130:250].mean() > 2 * some[230:320, 130:250].mean()
    for seed in range(3):
        less, more = white(snowy(0.3, seed)) & inside(), white(snowy(0.7, seed))
        assert (less & ~more).sum() < 0.02 * less.sum()


def test_snow_is_about_as_bright_as_the_sign_is_lit() -> None:
    covered = inside() & white(snowy(1.0, 1))
    moment = Moment(seed=1, region=BOX, quad=QUAD)
    day, dusk = (
        SnowCover().apply(sign(lit, "STOP"), 1.0, moment)[covered].mean() for lit in (0.8, 0.4)
    )
    assert dusk / day == pytest.approx(0.5, abs=0.08)
    assert day > 0.8 * 240 * 0.95


def test_snow_is_grey_to_blue_and_never_red() -> None:
    red, _, blue = snowy(1.0, 1)[inside() & white(snowy(1.0, 1))].astype(float).mean(0)
    assert abs(red - blue) < 20
