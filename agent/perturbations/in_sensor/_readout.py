"""When the rows of a picture are read by a rolling shutter."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment

_LEAST_ROWS: Final = 480
_NOMINAL: Final = Moment()


def row_time_s(shape: tuple[int, ...], moment: Moment) -> float:
    """From one row to the next; a low picture is taken for a crop of one with 480 rows."""
    return moment.sensor.readout_s / max(shape[0], _LEAST_ROWS)


def row_times_s(shape: tuple[int, ...], moment: Moment) -> NDArray[np.float64]:
    """When each row of a picture (H, W, ...) starts, in seconds within the clip, (H,)."""
    return moment.time_s + np.arange(shape[0]) * row_time_s(shape, moment)


def base_exposure_s() -> float:
    """The exposure that the texts of severities are for: the default sensor's."""
    return _NOMINAL.sensor.exposure_s
