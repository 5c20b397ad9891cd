"""Drops on the lens: how much they wet, what they show, which ones run."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens.droplets import Droplets
from agent.values import Pixels


def scene() -> Pixels:
    """Bright above, dark below, finely striped so that any drop changes the picture."""
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[:120] = 210
    pixels[120:] = 50
    pixels[:, ::2] += 30
    return pixels


@pytest.mark.parametrize("severity", [0.4, 1.0])
def test_the_wet_part_is_the_one_described(severity: float) -> None:
    """In flat stripes a drop shows their mean, so contrast tells where drops are."""
    stripes = np.full((240, 320, 3), 90, np.uint8)
    stripes[:, ::2] = 150
    wet = []
    for seed in range(6):
        result = Droplets().apply(stripes, severity, Moment(seed=seed)).astype(float)
        contrast = np.abs(np.diff(result[..., 1], axis=1)) / 60
        wet.append(1 - contrast.mean())
    assert np.mean(wet) == pytest.approx(0.35 * severity, rel=0.25)


def test_a_drop_shows_the_scene_upside_down() -> None:
    """Drops on the horizon are dark above and bright below, the scene the other way round."""
    differences = []
    for seed in range(8):
        change = Droplets().apply(scene(), 1.0, Moment(seed=seed)).astype(float) - scene()
        differences.append(change[123:135].mean() - change[105:117].mean())
    assert np.mean(differences) > 20


def test_most_drops_stay_and_some_run_down() -> None:
    first, soon, later = (
        Droplets().apply(scene(), 1.0, Moment(seed=4, time_s=time)).astype(int)
        for time in (0.0, 0.03, 3.0)
    )
    wet = np.abs(first - scene()).max(2) > 8
    same = np.abs(first - later).max(2) <= 8
    assert 0.3 < (wet & same).sum() / wet.sum() < 0.98
    assert np.abs(first - soon).mean() < 0.5 * np.abs(first - later).mean()
