"""Colour temperature: loci, adaptation and the float reference."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import to_encoded, to_linear
from agent.perturbations import Moment
from agent.perturbations.in_scene._illuminant import adaptation, chromaticity
from agent.perturbations.in_scene.colour_temperature import ColourTemperature


@pytest.mark.parametrize(
    ("kelvin", "xy"),
    [(2856, (0.4476, 0.4074)), (5003, (0.3457, 0.3585)), (6504, (0.3127, 0.3290))],
)
def test_the_locus_passes_through_the_standard_illuminants(
    kelvin: float, xy: tuple[float, float]
) -> None:
    """CIE A, D50 and D65."""
    assert chromaticity(kelvin) == pytest.approx(xy, abs=0.0006)


def test_the_locus_is_continuous() -> None:
    points = np.array([chromaticity(1e6 / mired) for mired in range(45, 590)])
    assert np.abs(np.diff(points, axis=0)).max() < 0.003


def test_adaptation_to_daylight_is_none_and_to_d50_is_bradfords() -> None:
    """The well-known Bradford matrix from D65 to D50, in XYZ."""
    np.testing.assert_allclose(adaptation(6504), np.eye(3), atol=1e-9)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    in_xyz = to_xyz @ adaptation(5003) @ np.linalg.inv(to_xyz)
    wanted = [[1.0478, 0.0229, -0.0501], [0.0295, 0.9905, -0.0171], [-0.0092, 0.0150, 0.7521]]
    np.testing.assert_allclose(in_xyz, wanted, atol=0.004)


@pytest.mark.parametrize("furthest", [2500.0, 15_000.0])
@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_it_is_the_float_reference_to_40_db(furthest: float, severity: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    kind = ColourTemperature(furthest_k=furthest)
    kelvin = 1 / (1 / 6504 + severity * (1 / furthest - 1 / 6504))
    light = to_linear(pixels / 255) @ adaptation(kelvin).T
    error = kind.apply(pixels, severity, Moment()) - 255 * to_encoded(light)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 45


def test_warm_light_keeps_the_luminance_of_gray() -> None:
    gray = np.full((16, 16, 3), 110, np.uint8)
    warm = to_linear(ColourTemperature().apply(gray, 1.0, Moment())[0, 0] / 255)
    assert warm[0] > warm[1] > warm[2]
    assert warm @ (0.2126, 0.7152, 0.0722) == pytest.approx(
        to_linear(np.array([110 / 255]))[0], 0.03
    )


def test_severity_goes_in_equal_steps_of_mired() -> None:
    kelvins = [float(ColourTemperature().describe(part / 4).split()[0]) for part in range(5)]
    steps = np.diff([1e6 / kelvin for kelvin in kelvins])
    np.testing.assert_allclose(steps, steps[0], rtol=0.01)
    assert (kelvins[0], kelvins[-1]) == (6504, 2500)
