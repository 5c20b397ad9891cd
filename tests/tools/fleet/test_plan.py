"""Which devices there are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.errors import UsageError
from tools.fleet.plan import Plan


def test_the_same_seed_makes_the_same_fleet_and_another_seed_another(plan: Plan) -> None:
    assert replace(plan).fleet == plan.fleet
    assert replace(plan, seed=2).fleet != plan.fleet


def test_trials_are_dealt_out_unequally_and_none_is_left_over() -> None:
    fleet = Plan(devices=200, trials=1_000_003).fleet
    assert sum(device.trials for device in fleet) == 1_000_003
    assert len({device.trials for device in fleet}) > 150
    assert len({(device.site, device.name) for device in fleet}) == 200


def test_a_large_fleet_has_devices_of_every_peculiarity() -> None:
    fleet = Plan(devices=200, trials=200_000).fleet
    assert sum(device.silent for device in fleet) == 2
    assert sum(device.gap for device in fleet) == 10
    assert sum(device.hostile for device in fleet) == 1
    assert {device.skew_ms > 0 for device in fleet if device.skew_ms} == {True, False}
    assert {device.truth for device in fleet} == {True, False}
    assert sum(device.later is not None for device in fleet) > 1


def test_a_planted_fall_meets_the_devices_that_its_pattern_names() -> None:
    fleet = Plan(devices=30, trials=3000, fall="harbour/*", fall_from=0.1, fall_to=0.3).fleet
    assert {device.site for device in fleet if device.fall} == {"harbour"}
    fall = next(device.fall for device in fleet if device.fall)
    assert (fall.share(0.49), fall.share(0.5)) == (0.1, 0.3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fall": "nowhere/*"}, "No device is named"),
        ({"devices": 0}, "--devices"),
        ({"trials": 0}, "--trials"),
        ({"hours": -1}, "--hours"),
        ({"fall_to": 1.5}, "--fall-from and --fall-to"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        assert Plan(**wrong).fleet  # type: ignore[arg-type]
