"""The loop's own figures: what a prediction takes, apart where the device was throttled."""

from __future__ import annotations

from agent.health import Health
from agent.session import Examination


def seen(*milliseconds: float) -> Examination:
    return Examination(
        0, "clip", (), (), 0, (), predictions_s=tuple(value / 1000 for value in milliseconds)
    )


def test_latencies_of_a_throttled_device_are_kept_apart() -> None:
    now = 100.0
    health = Health(10.0, lambda: now)
    health.add(seen(10, 30, 20), throttled=False)
    health.add(seen(90, 70), throttled=True)
    assert not health.due
    now = 110.0
    assert health.due
    assert health.readings() == {
        "frames_per_s": 0.2,
        "predict_ms": 20.0,
        "predict_p95_ms": 30.0,
        "predictions": 3.0,
        "predict_throttled_ms": 90.0,
        "predict_throttled_p95_ms": 90.0,
        "predictions_throttled": 2.0,
    }
    assert not health.due
    now = 120.0
    assert health.readings() == {"frames_per_s": 0.0}, "nothing is told of none"


def test_the_95th_percentile_stands_above_all_but_a_twentieth() -> None:
    health = Health(1.0)
    health.add(seen(*range(1, 102)), throttled=False)
    told = health.readings()
    assert (told["predict_ms"], told["predict_p95_ms"]) == (51.0, 96.0)
