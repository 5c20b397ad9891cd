"""Every kind still draws what it drew: small pictures, compared with those kept beside this file.

After a change that is meant, look at the new pictures and keep them::

    pytest tests/agent/perturbations/test_golden.py --update-golden
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.perturbations import Moment, family
from agent.values import Box, Pixels

GOLDEN = Path(__file__).parent / "golden"
CLEAN = "_clean"
"""The picture that all kinds change: a drawn stop sign 36 px wide before a road."""
SIGN = Box(18.1, 9.1, 54.1, 45.0)
SEVERITY = 0.7
ALIKE_DB = 50.0
"""Versions of OpenCV and NumPy round some pixels differently; another seed is below 48 dB."""
LOOSER_DB = {"ic_snow": 37.0, "rust": 45.0, "scratch": 45.0, "compression": 40.0, "ic_jpeg": 40.0}
"""Thresholds in drawings turn a rounding into another pixel here and there; codecs differ too."""


@pytest.fixture(scope="module")
def clean() -> Pixels:
    pixels = _read(CLEAN)
    pixels.flags.writeable = False
    return pixels


@pytest.mark.parametrize("kind", family.kinds())
def test_a_kind_draws_what_it_drew(
    kind: str, clean: Pixels, request: pytest.FixtureRequest
) -> None:
    moment = Moment(seed=11, time_s=0.4, frame=12, region=SIGN)
    drawn = family.load(kind)().apply(clean, SEVERITY, moment)
    if request.config.getoption("--update-golden"):
        assert cv2.imwrite(str(GOLDEN / f"{kind}.png"), drawn[:, :, ::-1])
        return
    error = float(np.mean((drawn.astype(float) - _read(kind)) ** 2))
    least = LOOSER_DB.get(kind, ALIKE_DB)
    assert error < 255**2 / 10 ** (least / 10), f"{kind} draws another picture than before"


def test_no_picture_is_kept_of_a_kind_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.png")} <= {CLEAN, *family.kinds()}


def _read(name: str) -> Pixels:
    read = cv2.imread(str(GOLDEN / f"{name}.png"))
    assert read is not None, f"no picture of {name}: run with --update-golden and look at it"
    return np.ascontiguousarray(read[:, :, ::-1])
