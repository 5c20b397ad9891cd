"""The exact laws of noises: what values a clean value becomes, and how often.

ImageNet-C's are truncated to whole values, as the standard does; the sensor's are rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erf, exp, inf, lgamma, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.geometry.photometry import LINEAR, to_linear
from agent.perturbations.in_sensor.sensor_noise import SensorNoise
from agent.values import Sensor

GAUSSIAN: Final = (0.08, 0.12, 0.18, 0.26, 0.38)
SHOT: Final = (60, 25, 12, 5, 3)
SPECKLE: Final = (0.15, 0.2, 0.35, 0.45, 0.6)
IMPULSE: Final = (0.03, 0.06, 0.09, 0.17, 0.27)

Law = Callable[[int, int], NDArray[np.float64]]
"""The probabilities (256,) of the values that a clean value 0..255 has at a level 1..5."""


def gaussian(value: int, level: int) -> NDArray[np.float64]:
    """x + sigma N, clipped to [0, 1]."""
    return _clipped_normal(value, 255 * GAUSSIAN[level - 1])


def speckle(value: int, level: int) -> NDArray[np.float64]:
    """x + x sigma N, clipped to [0, 1]."""
    return _clipped_normal(value, value * SPECKLE[level - 1])


def shot(value: int, level: int) -> NDArray[np.float64]:
    """Poisson(x lambda) / lambda, clipped to [0, 1]."""
    photons = SHOT[level - 1]
    mean = value / 255 * photons
    found = np.zeros(256)
    counts = np.arange(int(mean + 12 * sqrt(mean + 1)) + 2)
    if mean == 0:
        found[0] = 1
        return found
    weights = np.array([exp(k * log(mean) - mean - lgamma(k + 1)) for k in counts])
    values = np.minimum(counts / photons, 1) * 255
    np.add.at(found, values.astype(int), weights)
    return found


def sensor(value: int, level: int) -> NDArray[np.float64]:
    """Poisson counts of electrons plus normal read noise, clipped and encoded as sRGB, for the
    default sensor at the gain of a severity of level / 5."""
    camera = Sensor()
    gain = camera.max_gain * SensorNoise.model_validate({}).digital_gain
    white = camera.full_well_e / gain ** (level / 5)
    mean = float(LINEAR[value]) * white
    far = 9 * sqrt(mean) + 9
    counts = np.arange(max(int(mean - far), 0), int(mean + far) + 1)
    if mean > 0:
        weights = np.array([exp(k * log(mean) - mean - lgamma(k + 1)) for k in counts.tolist()])
    else:
        weights = (counts == 0).astype(float)
    edges = to_linear((np.arange(255) + 0.5) / 255) * white
    z = (edges - counts[:, None]) / camera.read_noise_e
    below = (z > 0).astype(float)
    near = np.abs(z) < 8
    below[near] = [0.5 * (1 + erf(one / sqrt(2))) for one in z[near].tolist()]
    return np.diff(np.concatenate([[0.0], weights @ below, [1.0]]))


LAWS: Final[dict[str, Law]] = {
    "ic_gaussian_noise": gaussian,
    "ic_shot_noise": shot,
    "ic_speckle_noise": speckle,
    "sensor_noise": sensor,
}


def mean_and_deviation(law: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation, in levels, of probabilities (256,)."""
    values = np.arange(256)
    mean = float(law @ values)
    return mean, sqrt(max(float(law @ (values - mean) ** 2), 0.0))


def _clipped_normal(value: int, sigma: float) -> NDArray[np.float64]:
    if sigma == 0:
        return np.asarray(np.eye(256)[value])
    edges = [-inf, *range(1, 255), 255, inf]
    below = np.array([0.5 * (1 + erf((edge - value) / (sigma * sqrt(2)))) for edge in edges])
    return np.asarray(np.diff(below))
