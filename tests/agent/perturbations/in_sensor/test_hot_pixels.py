"""Hot pixels: fixed places, charge that doubles with temperature and exposure."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.photometry import LINEAR
from agent.perturbations import Moment
from agent.perturbations.in_sensor.hot_pixels import HotPixels
from agent.values import Sensor

BLACK = np.zeros((300, 400, 3), np.uint8)
BLACK.flags.writeable = False


def test_they_only_add_light_and_stay_in_their_places() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    before = pixels
    for part in (0.3, 0.6, 0.8, 1.0):
        one = HotPixels().apply(pixels, part, Moment(seed=1, frame=3, time_s=0.1))
        assert (one >= before).all()
        later = HotPixels().apply(pixels, part, Moment(seed=1, frame=90, time_s=3.0))
        np.testing.assert_array_equal(one, later)
        before = one


def test_charge_doubles_with_the_exposure_and_every_seven_kelvin() -> None:
    base = LINEAR[HotPixels().apply(BLACK, 0.8, Moment(seed=1))]
    long = Moment(seed=1, sensor=Sensor(exposure_s=0.016))
    twice = LINEAR[HotPixels().apply(BLACK, 0.8, long)]
    warmer = ((0.8**0.5 * 80 + 7) / 80) ** 2
    hot = LINEAR[HotPixels().apply(BLACK, warmer, Moment(seed=1))]
    seen = (base > 0.005) & (base < 0.3)
    assert np.count_nonzero(seen) > 50
    for more in (twice, hot):
        assert np.median(more[seen] / base[seen]) == pytest.approx(2, rel=0.1)


def test_a_dot_spreads_over_its_neighbours_in_its_own_colour() -> None:
    few = HotPixels(share=0.02).apply(BLACK, 1.0, Moment(seed=4))
    light = LINEAR[few]
    peaks = np.argwhere(light > 0.05)
    assert len(peaks) > 3
    row, column, colour = peaks[np.argmax([light[tuple(at)] for at in peaks])]
    patch = light[row - 1 : row + 2, column - 1 : column + 2]
    beside = patch[1, 2, colour] / patch[1, 1, colour]
    assert beside == pytest.approx(0.25 if colour == 1 else 0.5, rel=0.1)
    assert patch[..., [other for other in range(3) if other != colour]].max() == 0
    assert (row % 2 + column % 2) == colour


def test_a_hot_sensor_has_the_share_of_bright_dots_described() -> None:
    result = LINEAR[HotPixels().apply(BLACK, 1.0, Moment(seed=1))]
    # The site itself holds its charge; an interpolated neighbour of another colour does not.
    rows, columns = np.mgrid[0:300, 0:400]
    own = np.take_along_axis(result, (rows % 2 + columns % 2)[..., None], 2)
    assert "1.2 %" in HotPixels().describe(1.0)
    assert 100 * np.mean(own > 0.01) == pytest.approx(1.16, rel=0.15)
