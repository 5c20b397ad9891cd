"""The grid asks everything once."""

from __future__ import annotations

from agent.strategies import family
from agent.values import Condition, Part, Target


def test_every_target_meets_every_condition_exactly_once() -> None:
    conditions = [Condition((Part("fog", s),)) for s in (0.5, 1.0)]
    grid = family.load("grid")(conditions)
    for frame in range(3):
        for number in range(2):
            assert grid.ask(Target(frame, number, "stop")) == tuple(conditions)
        for number in range(2):
            assert grid.ask(Target(frame, number, "stop")) == ()
