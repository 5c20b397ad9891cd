"""Rust: its share, where it begins, which way it runs."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.geometry.shapes import Shape
from agent.perturbations import Moment
from agent.perturbations.on_object.rust import Rust
from agent.values import Box, Pixels

BOX = Box(40, 40, 340, 340)
QUAD = ((40.0, 40.0), (340.0, 40.0), (340.0, 340.0), (40.0, 340.0))
BLUE = np.full((380, 380, 3), (70, 110, 190), np.uint8)


def change(rust: Rust, severity: float, seed: int, shape: Shape = "octagon") -> Pixels:
    moment = Moment(seed=seed, region=BOX, quad=QUAD, face=shape)
    return np.asarray(np.abs(rust.apply(BLUE, severity, moment).astype(int) - BLUE).max(2))


def face(shape: Shape = "octagon", scale: float = 1.0) -> Pixels:
    plane = sign_plane((380, 380), quad=QUAD, face=shape)
    return plane.mask(plane.window((380, 380), extent=3.0), scale=scale)


@pytest.mark.parametrize("shape", ["octagon", "triangle"])
@pytest.mark.parametrize("severity", [0.2, 1.0])
def test_the_rusted_share_is_the_one_described(severity: float, shape: Shape) -> None:
    rust = Rust(streaks=0)
    inside = face(shape) > 127
    rusted = [(change(rust, severity, seed, shape)[inside] > 40).mean() for seed in range(6)]
    wanted = severity * rust.most
    assert np.mean(rusted) == pytest.approx(wanted, abs=0.025)
    assert f"{100 * wanted:.1f} %" in rust.describe(severity)


def test_rust_begins_at_the_bolts_and_the_rim() -> None:
    young = np.mean([change(Rust(streaks=0), 0.15, seed) > 40 for seed in range(12)], 0)
    rim = young[(face() > 127) & (face(scale=0.94) == 0)].mean()
    bolt = young[80:97, 182:198].mean()  # a third of the hull above the middle
    between = young[180:200, 120:150].mean()
    assert min(rim, bolt) > 2 * between


def test_streaks_run_down_from_rust_and_not_up() -> None:
    with_runs, without = change(Rust(), 0.3, 5), change(Rust(streaks=0), 0.3, 5)
    stained = (with_runs > without + 5) & (without < 5)
    solid = without > 40
    above = np.maximum.accumulate(solid, 0)
    assert stained.sum() > 200
    assert (stained & above).sum() > 0.97 * stained.sum()


def test_rust_creeps_on_and_never_heals() -> None:
    young, old = change(Rust(), 0.3, 2) > 60, change(Rust(), 0.9, 2) > 25
    assert (young & ~old).sum() < 0.02 * young.sum()
