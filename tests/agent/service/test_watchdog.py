"""What counts as getting on: a loop, an outbox and a publisher that do not hang."""

from __future__ import annotations

import pytest

from agent.service.watchdog import Progress, Pulse, Watchdog


def test_a_loop_that_comes_round_is_progress_once() -> None:
    progress = Progress()
    assert not progress.made(Pulse(turns=1)), "it has not come round"
    progress.turn()
    assert progress.made(Pulse(turns=1))
    assert not progress.made(Pulse(turns=2)), "nor since"


@pytest.mark.parametrize(
    ("after", "gets_on"),
    [
        (Pulse(tries=5, waiting=0, turns=2), True),
        (Pulse(tries=6, waiting=9, turns=2), True),
        (Pulse(tries=5, waiting=9, turns=2), False),
        (Pulse(tries=6, waiting=9, turns=1), False),
    ],
    ids=["nothing to commit", "it tries, whatever comes of it", "commits hang", "sending hangs"],
)
def test_the_threads_beside_the_loop_must_get_on_too(after: Pulse, gets_on: bool) -> None:
    progress = Progress()
    progress.turn()
    assert progress.made(Pulse(tries=5, waiting=0, turns=1))
    progress.turn()
    assert progress.made(after) is gets_on


def test_the_manager_is_told_three_times_within_its_limit() -> None:
    watchdog = Watchdog(30.0, now=100.0)
    assert [watchdog.is_due(now) for now in (100.0, 109.9, 110.0)] == [False, False, True]
    watchdog.fed(110.0)
    assert not watchdog.is_due(119.0)


def test_without_a_limit_nothing_is_ever_due() -> None:
    assert not Watchdog(0.0, now=0.0).is_due(1e9)
