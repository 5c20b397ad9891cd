"""Targets that survive a whole suite."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.worst_case import Survivors, survivors_of

targets = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1)


def survivors(rows: list[list[bool]]) -> Survivors:
    return reduce(Survivors.__add__, map(survivors_of, rows), Survivors())


@given(targets)
def test_the_targets_own_worst_case_is_no_better_than_any_condition(rows: list[list[bool]]) -> None:
    worst = survivors(rows).worst_case_error
    assert worst is not None
    for column in zip(*rows, strict=True):
        assert worst >= 1 - sum(column) / len(column) - 1e-12


@given(targets, targets)
def test_any_split_of_the_work_gives_the_same_survivors(
    one: list[list[bool]], two: list[list[bool]]
) -> None:
    assert survivors(one) + survivors(two) == survivors([*two, *one])
    assert Survivors().worst_case_error is None
