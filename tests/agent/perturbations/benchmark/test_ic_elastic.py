"""Elastic transform of ImageNet-C: how far, how smoothly, and what lies beyond the edges."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.benchmark.ic_elastic import IcElastic


def _displacement(side: int, severity: float, seed: int, *, scaled: bool = False) -> np.ndarray:
    """Displacement in pixels (side, side), read from a ramp's values off the edges."""
    slope = 254 / (side - 1)
    ramp = np.broadcast_to(np.arange(side)[None, :, None] * slope, (side, side, 3))
    moved = IcElastic(scaled=scaled).apply(ramp.astype(np.uint8), severity, Moment(seed=seed))
    return ((moved[..., 0] - np.floor(ramp[..., 0])) / slope)[10:-10, 10:-10]


@pytest.mark.parametrize(("level", "alpha"), [(1, 12.5), (3, 21.25), (5, 30.0)])
@pytest.mark.parametrize("side", [112, 224])
def test_displacements_spread_as_smoothed_uniform_chance_does(
    level: int, alpha: float, side: int
) -> None:
    # Uniform within .005 H, blurred by sigma = .01 H: deviation over (2 sqrt(pi) sigma).
    wanted = alpha * 0.005 * side / 3**0.5 / (2 * np.pi**0.5 * 0.01 * side)
    fields = [_displacement(side, level / 5, seed) for seed in range(4)]
    assert np.std(fields) == pytest.approx(wanted, rel=0.08)
    assert abs(np.mean(fields)) < 0.15 * wanted


def test_scaled_small_pictures_are_displaced_by_the_same_share() -> None:
    large = np.std([_displacement(224, 1.0, seed) for seed in range(4)])
    small = np.std([_displacement(112, 1.0, seed, scaled=True) for seed in range(4)])
    assert large / small == pytest.approx(2, rel=0.12)


def test_what_lies_beyond_an_edge_is_its_mirror_image() -> None:
    pixels = np.full((64, 64, 3), 200, np.uint8)
    assert (IcElastic().apply(pixels, 1.0, Moment(seed=2)) == 200).all()
