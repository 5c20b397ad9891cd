"""A short campaign on every run of the tests; ``make faults`` is the long one."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.campaign import plan, run
from tests.faults.kinds import KINDS
from tools.broker import find_mosquitto

FAULTS = (
    "agent killed",
    "broker killed",
    "store writes refused",
    "stream halved",
    "all three killed",
    "outbox writes refused",
    "batches overtaken",
)


@pytest.mark.timeout(240)
def test_after_each_fault_all_trials_are_stored_once_or_declared() -> None:
    if find_mosquitto() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed: apt install mosquitto")
        pytest.skip("mosquitto is not installed on this machine")
    result = run(FAULTS, random.Random(7), lambda *_: None, per_world=4)
    assert sum(tally.faults for tally in result.values()) == len(FAULTS)
    assert sum(tally.trials for tally in result.values()) > 500


def test_a_plan_is_repeated_by_its_seed_and_a_long_one_holds_every_kind() -> None:
    assert plan(200, random.Random(3)) == plan(200, random.Random(3))
    assert plan(200, random.Random(3)) != plan(200, random.Random(4))
    assert set(plan(200, random.Random(3))) == set(KINDS)
