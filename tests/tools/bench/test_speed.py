"""Goals are judged by the rows; timing itself is no test's business."""

from __future__ import annotations

import pytest

from tools.bench.pictures import SIGN_PX, SIZES, scenes
from tools.bench.speed import Row, goals, measure
from tools.bench.timing import Inference

TIMED = Inference("mobilenet", "ai-edge-litert 2", 10.0)
COPIES = {"224x224": 0.005, "640x480": 0.05, "1280x720": 0.2}


def _row(kind: str, stage: str, small: float, middle: float, over: float | None = None) -> Row:
    times = {"224x224": small, "640x480": middle, "1280x720": 3 * middle}
    return Row(kind, stage, times, small, over)


def test_the_slowest_kind_decides_and_is_named() -> None:
    rows = [
        _row("fog", "in_scene", 0.1, 1.0),
        _row("rain", "in_scene", 1.6, 2.0),
        _row("tape", "on_object", 0.2, 0.2),
    ]
    found = {goal.what: goal for goal in goals(rows, COPIES, TIMED)}
    every = found["every kind at 224x224, share of an inference"]
    assert (every.worst, every.met) == ("rain", False)
    assert every.value == pytest.approx(0.16)
    assert found["median kind at 224x224, share of an inference"].met
    assert found["median kind at 640x480, share of an inference"].value == pytest.approx(0.1)
    on_sign = found["on a sign of 64 px, copies of a 224x224 frame"]
    assert on_sign.value == pytest.approx(40)
    assert on_sign.worst == "tape"


def test_glass_blur_is_left_out_of_the_mean_and_codecs_of_the_tenfold() -> None:
    rows = [
        _row("ic_fog", "benchmark", 0.1, 1.0, 20.0),
        _row("ic_snow", "benchmark", 0.1, 1.0, 80.0),
        _row("ic_glass_blur", "benchmark", 0.1, 1.0, 1000.0),
        _row("ic_jpeg", "benchmark", 0.1, 1.0, 40.0),
    ]
    found = {goal.what: goal for goal in goals(rows, COPIES, TIMED)}
    assert found["times imagecorruptions' speed, geometric mean"].value == pytest.approx(40)
    assert found["times imagecorruptions' speed, all but codecs"].worst == "ic_fog"


def test_a_measurement_has_a_row_for_each_kind_and_a_time_for_each_size() -> None:
    speeds = measure(["exposure", "compression"], TIMED, None, lambda done, of: None, 0.001)
    assert [row.kind for row in speeds.rows] == ["exposure", "compression"]
    assert all(ms > 0 for row in speeds.rows for ms in row.frame_ms.values())
    assert list(speeds.memcpy_ms) == [f"{width}x{height}" for width, height in SIZES]


def test_the_scene_holds_a_sign_of_the_size_that_goals_speak_of() -> None:
    for scene, (width, height) in zip(scenes(), SIZES, strict=True):
        assert scene.pixels.shape == (height, width, 3)
        assert scene.region.width == pytest.approx(SIGN_PX, rel=0.02)
        assert 0 <= scene.region.x0 < scene.region.x1 <= width
