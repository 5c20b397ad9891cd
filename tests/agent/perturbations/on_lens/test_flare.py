"""Flare: added light, the veil's amount, ghosts on one line through the middle."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.on_lens._film import generator
from agent.perturbations.on_lens.flare import Flare, _ghosts, _source

NIGHT = np.zeros((240, 320, 3), np.uint8)


@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_the_veil_in_the_middle_is_the_light_described(severity: float) -> None:
    for seed in range(5):
        result = Flare(ghosts=0).apply(NIGHT, severity, Moment(seed=seed))
        assert LINEAR[int(result[120, 160, 0])] == pytest.approx(0.15 * severity, rel=0.08)


def test_light_is_added_in_linear_light() -> None:
    """So a veil lifts dark places by far more values than bright ones, and never darkens."""
    gray = np.full_like(NIGHT, 180)
    dark = Flare().apply(NIGHT, 0.5, Moment(seed=3))
    bright = Flare().apply(gray, 0.5, Moment(seed=3))
    assert (bright >= gray).all()
    unburnt = bright < 250
    added = LINEAR[bright] - LINEAR[180]
    np.testing.assert_allclose(added[unburnt], LINEAR[dark][unburnt], atol=0.012)


def test_the_veil_grows_towards_the_source() -> None:
    for seed in range(5):
        result = Flare(ghosts=0).apply(NIGHT, 1.0, Moment(seed=seed)).astype(float)[..., 1]
        rows, columns = np.indices(result.shape)
        pull = np.array(
            [np.average(columns, weights=result) - 159.5, np.average(rows, weights=result) - 119.5]
        )
        brightest = np.unravel_index(np.argmax(result), result.shape)
        assert pull @ (brightest[1] - 159.5, brightest[0] - 119.5) > 0


def test_ghosts_lie_on_the_line_from_the_source_through_the_middle() -> None:
    for seed in range(6):
        chance = generator(seed)
        source = _source(chance, (112, 150))
        light = _ghosts(chance, (112, 150), source, 7).sum(2)
        rows, columns = np.indices(light.shape)
        across = np.array([-source[1], source[0]]) / np.hypot(*source)
        off = (columns - 74.5) * across[0] + (rows - 55.5) * across[1]
        # No ghost is larger than a sixth of the shorter side, and it ends softly.
        assert light[np.abs(off) < 30].sum() > 0.95 * light.sum()


def test_the_source_is_never_in_the_picture() -> None:
    for seed in range(40):
        x, y = _source(generator(seed), (112, 150))
        assert abs(x) > 75 or abs(y) > 56
