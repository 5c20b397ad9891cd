"""Guessing takes ever longer; mistyping does not."""

from __future__ import annotations

from tools.dashboard.access.waits import FORGET_S, FREE, MOST, Waits


def fail(waits: Waits, times: int, now_s: float = 0.0, key: str = "ada") -> None:
    for _ in range(times):
        waits.failed(key, now_s)


def test_a_few_failures_cost_nothing() -> None:
    waits = Waits()
    fail(waits, FREE - 1)
    assert waits.left("ada", 0.0) == 0.0


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    waits = Waits(longest_s=60.0)
    fail(waits, FREE - 1)
    seen = []
    for _ in range(8):
        waits.failed("ada", 0.0)
        seen.append(waits.left("ada", 0.0))
    assert seen == [2, 4, 8, 16, 32, 60, 60, 60]
    assert waits.left("ada", 59.0) == 1.0
    assert waits.left("ada", 61.0) == 0.0
    assert waits.left("eve", 0.0) == 0.0


def test_success_forgets_a_names_failures_and_one_of_an_addresses() -> None:
    waits = Waits()
    fail(waits, FREE)
    waits.forgive("ada")
    assert waits.left("ada", 0.0) == 0.0
    fail(waits, 1)
    assert waits.left("ada", 0.0) == 2.0
    waits.succeeded("ada")
    assert waits.left("ada", 0.0) == 0.0


def test_an_hour_forgives() -> None:
    waits = Waits()
    fail(waits, 50)
    fail(waits, 1, FORGET_S + 1)
    assert waits.left("ada", FORGET_S + 1) == 0.0


def test_memory_is_bounded_whatever_names_are_tried() -> None:
    waits = Waits()
    for number in range(MOST + 500):
        waits.failed(f"name{number}", 0.0)
    assert len(waits._records) == MOST
