"""Rolling shutter: rows displaced by when they are read."""

from __future__ import annotations

import numpy as np
import pytest

from agent.perturbations import Moment
from agent.perturbations.in_sensor.rolling_shutter import RollingShutter
from agent.values import Box, Pixels, Sensor


def post(height: int = 480, width: int = 640) -> Pixels:
    """A soft upright line in the middle."""
    columns = np.arange(width)
    line = 255 * np.exp(-(((columns - width / 2) / 4) ** 2))
    return np.ascontiguousarray(
        np.broadcast_to(line[None, :, None], (height, width, 3)).astype(np.uint8)
    )


def centres(pixels: Pixels) -> np.ndarray:
    weights = pixels[..., 0].astype(float)
    return weights @ np.arange(pixels.shape[1]) / weights.sum(1)


def test_an_upright_line_lies_where_the_displacement_says() -> None:
    moment = Moment(seed=1, time_s=0.37)
    result = RollingShutter().apply(post(), 0.8, moment)
    moved = centres(result) - centres(post())
    wanted = RollingShutter().displacement_px((480, 640), 0.8, moment)
    assert np.abs(moved - wanted).max() < 0.1
    assert np.ptp(wanted) > 12


def test_skew_over_a_frame_is_the_length_described_and_grows_with_the_read_out() -> None:
    skew = RollingShutter(skew_px=20, wobble_px=0)
    spans = [
        np.ptp(skew.displacement_px((480, 640), 1.0, Moment(sensor=Sensor(readout_s=seconds))))
        for seconds in (0.02, 0.03)
    ]
    assert spans == pytest.approx([20, 30], rel=0.01)
    assert np.ptp(skew.displacement_px((720, 1280), 1.0, Moment())) == pytest.approx(40, rel=0.01)


def test_the_targets_middle_row_stays_in_its_place() -> None:
    moment = Moment(seed=5, time_s=1.234, region=Box(300, 90, 340, 130))
    displaced = RollingShutter(wobble_px=10).displacement_px((480, 640), 1.0, moment)
    assert displaced[110] == pytest.approx(0, abs=1e-6)
    assert np.abs(displaced).max() > 10


def test_wobble_has_its_frequency_over_the_rows_and_goes_on_with_time() -> None:
    shake = RollingShutter(skew_px=0, wobble_px=5, vibration_hz=100)
    rows = shake.displacement_px((4800, 640), 1.0, Moment(seed=1))
    # 20 ms of read-out hold two waves of 100 Hz.
    assert rows[:2400] == pytest.approx(rows[2400:], abs=1e-6)
    assert np.ptp(rows) == pytest.approx(10, rel=0.01)
    later = shake.displacement_px((4800, 640), 1.0, Moment(seed=1, time_s=0.003))
    assert np.ptp(later - rows) > 1
