"""What a user says of the vehicle."""

from __future__ import annotations

import pytest

from agent.errors import UsageError
from agent.metrics.approach import Voting
from tools.evaluate.vehicle import SPEEDS_KMH, parse_vehicle


def test_a_vote_and_speeds_are_read() -> None:
    vehicle = parse_vehicle("2/3", [50, 80, 50])
    assert vehicle.voting == Voting(2, 3)
    assert vehicle.speeds_kmh == (50, 80)
    assert parse_vehicle("3/5").speeds_kmh == SPEEDS_KMH


@pytest.mark.parametrize("vote", ["", "3", "5/3", "0/4", "a/b", "1/2/3", "-1/3"])
def test_no_vote_is_refused_in_words(vote: str) -> None:
    with pytest.raises(UsageError, match="is no vote"):
        parse_vehicle(vote)


@pytest.mark.parametrize("speed", [0.0, -5.0, 1e6, float("nan")])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(UsageError, match="cannot be judged"):
        parse_vehicle("3/5", [speed])
