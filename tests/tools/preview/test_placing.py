"""Where a preview places what lies on a sign."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.cameras._open import open_camera
from agent.values import Box, Frame
from tools.preview.placing import moment_on


def test_a_frames_own_truth_is_taken_with_quad_and_distance() -> None:
    with open_camera("drive_by:width=320,height=240,distance=10,end=9") as camera:
        frame = next(iter(camera.frames()))
    assert frame.truth
    moment = moment_on(frame, None, 4)
    thing = frame.truth.objects[0]
    assert (moment.region, moment.quad, moment.distance_m) == (
        thing.box,
        thing.quad,
        thing.distance_m,
    )
    assert moment.seed == 4


def test_in_a_region_the_outline_is_looked_for() -> None:
    picture = np.full((120, 120, 3), 120, np.uint8)
    cv2.circle(picture, (60, 60), 30, (200, 30, 40), -1, cv2.LINE_AA)
    moment = moment_on(Frame(picture, 0, "photo"), Box(28, 28, 92, 92), 0)
    assert moment.face == "circle"
    assert moment.quad is not None
    assert moment.quad[0] == pytest.approx((30, 30), abs=2)


def test_a_frame_without_either_is_all_object() -> None:
    moment = moment_on(Frame(np.zeros((50, 60, 3), np.uint8), 0, "photo"), None, 0)
    assert (moment.region, moment.quad) == (None, None)
