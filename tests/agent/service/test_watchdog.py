"""What counts as getting on: good frames and an outbox that moves, both of them."""

from __future__ import annotations

from agent.service.watchdog import Kept, Progress, Watchdog

EMPTY = Kept(committed=7, waiting=0)


def test_a_good_frame_and_an_outbox_with_nothing_to_do_are_progress_once() -> None:
    progress = Progress()
    assert not progress.made(EMPTY), "no frame yet"
    progress.frame(good=True)
    assert progress.made(EMPTY)
    assert not progress.made(EMPTY), "no frame since"


def test_frames_that_are_of_no_use_are_no_progress() -> None:
    progress = Progress()
    for _ in range(100):
        progress.frame(good=False)
    assert not progress.made(EMPTY)
    progress.frame(good=True)
    progress.frame(good=False)
    assert progress.made(EMPTY)


def test_frames_do_not_count_while_the_outbox_stands_still() -> None:
    progress = Progress()
    progress.made(Kept(committed=7, waiting=3))
    progress.frame(good=True)
    assert not progress.made(Kept(committed=7, waiting=40))
    assert progress.made(Kept(committed=9, waiting=40)), "it commits"
    progress.frame(good=True)
    assert not progress.made(Kept(committed=9, waiting=50)), "and has not since"


def test_an_outbox_that_moves_does_not_count_without_frames() -> None:
    progress = Progress()
    assert not any(progress.made(Kept(committed, 1)) for committed in range(10))


def test_a_pause_on_purpose_stands_for_frames_but_not_for_the_outbox() -> None:
    progress = Progress()
    progress.paused()
    assert progress.made(EMPTY)
    progress.paused()
    assert not progress.made(Kept(committed=7, waiting=3))


def test_the_manager_is_told_three_times_within_its_limit() -> None:
    watchdog = Watchdog(30.0, now=100.0)
    assert [watchdog.is_due(now) for now in (100.0, 109.9, 110.0)] == [False, False, True]
    watchdog.fed(110.0)
    assert not watchdog.is_due(119.0)


def test_without_a_limit_nothing_is_ever_due() -> None:
    assert not Watchdog(0.0, now=0.0).is_due(1e9)
