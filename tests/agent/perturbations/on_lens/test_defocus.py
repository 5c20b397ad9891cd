"""Defocus: discs, against the exact kernel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.on_lens.defocus import Defocus, disc
from agent.values import Pixels


def scene() -> Pixels:
    """Signs before a background whose detail falls off with frequency as in photographs."""
    chance = np.random.default_rng(0)
    field = np.zeros((241, 319, 3))
    for cells in (4, 8, 16, 32, 64, 128):
        noise = chance.normal(0, 60 / cells**0.8, (cells, cells, 3))
        field += cv2.resize(noise, (319, 241), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(field + 120, 0, 255).astype(np.uint8)
    cv2.rectangle(pixels, (60, 60), (140, 140), (200, 30, 40), -1)
    cv2.putText(pixels, "STOP", (62, 112), cv2.FONT_HERSHEY_SIMPLEX, 1, (240, 240, 240), 3)
    return pixels


@pytest.mark.parametrize("diameter", [2.0, 3.6, 4.0, 7.0, 11.9, 12.0, 16.0, 33.0])
def test_it_is_the_exact_disc_to_better_than_40_decibels(diameter: float) -> None:
    pixels = scene()
    result = Defocus(most_px=diameter).apply(pixels, 1.0, Moment())
    border = cv2.BORDER_REFLECT_101
    exact = cv2.filter2D(pixels.astype(np.float32), -1, disc(diameter / 2), borderType=border)
    error = np.mean((result.astype(float) - exact) ** 2)
    assert 10 * np.log10(255**2 / error) > 40


def test_a_point_becomes_an_even_disc_of_the_diameter_described() -> None:
    pixels = np.zeros((97, 97, 3), np.uint8)
    cv2.rectangle(pixels, (47, 47), (50, 50), (255, 255, 255), -1)
    result = Defocus(most_px=11.0).apply(pixels, 1.0, Moment())[..., 0].astype(float)
    lit = result > 0.5 * result.max()
    assert 2 * np.sqrt(lit.sum() / np.pi) == pytest.approx(11, rel=0.12)
    assert result.sum() == pytest.approx(pixels[..., 0].sum(), rel=0.06)


@pytest.mark.parametrize("radius", [0.55, 1.3, 4.25, 9.0])
def test_the_kernel_has_the_second_moment_of_a_disc(radius: float) -> None:
    kernel = disc(radius).astype(float)
    places = np.arange(len(kernel)) - len(kernel) // 2
    spread = (kernel.sum(0) * places**2).sum()
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    # Within a pixel all light counts at its centre: a twelfth less, or more at the rim.
    assert spread == pytest.approx(radius**2 / 4, abs=0.1 + 0.01 * radius**2)
