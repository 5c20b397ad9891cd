"""A device's readings in words."""

from __future__ import annotations

from tools.report.device import device_facts


def test_a_hot_devices_readings_are_summed_up() -> None:
    readings = [
        {
            "temperature_c": 51.0, "load_1min": 0.3, "throttled": 0.0, "predict_ms": 10.0,
            "predict_p95_ms": 14.0, "predictions": 90.0, "kinds_share": 1.0, "paused_heat_s": 0.0,
        },
        {
            "temperature_c": 81.4, "load_1min": 2.5, "throttled": 1.0, "predict_throttled_ms": 40.0,
            "predict_throttled_p95_ms": 55.0, "predictions_throttled": 12.0, "kinds_share": 0.5,
            "paused_heat_s": 33.0,
        },
        {"temperature_c": 70.0, "load_1min": 1.0, "throttled": 0.0, "paused_heat_s": 61.0},
    ]  # fmt: skip
    assert device_facts(readings) == {
        "temperature": "51.0 to 81.4 C",
        "load": "0.3 to 2.5",
        "throttled": "in 1 of 3 readings",
        "prediction": "10.0 ms, 95 % within 14.0 ms (90 made)",
        "prediction while throttled": "40.0 ms, 95 % within 55.0 ms (12 made)",
        "paused": "61 s for heat",
        "kinds tried on a frame": "75 % of the suite's",
    }


def test_what_a_device_does_not_tell_is_left_out() -> None:
    assert device_facts([]) == {}
    assert device_facts([{"load_1min": 1.0, "kinds_share": 1.0}]) == {"load": "1.0 to 1.0"}
