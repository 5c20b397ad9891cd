"""What is under way, and what is done about rows that do not arrive."""

from __future__ import annotations

from agent.telemetry._window import (
    INFLIGHT,
    LONGEST_S,
    MAX_STRIKES,
    REMEMBERED,
    UNRECEIPTED,
    Sent,
    Window,
)


def batch(number: int, rows: int = 10) -> Sent:
    return Sent((number - 1) * rows + 1, number * rows, rows)


def test_at_most_so_many_batches_wait_for_the_broker_and_for_the_collector() -> None:
    window = Window(10, 5.0)
    for number in range(1, INFLIGHT + 1):
        assert window.has_room
        window.sent(number, batch(number), 0.0)
    assert not window.has_room
    number = INFLIGHT
    while number < UNRECEIPTED:
        window.acknowledged(number - INFLIGHT + 1, 0.0)
        number += 1
        window.sent(number, batch(number), 0.0)
    window.acknowledged(number, 0.0)
    assert not window.has_room
    window.confirmed(10, 1.0)
    assert window.has_room


def test_without_a_receipt_it_is_overdue_and_waits_twice_as_long_the_next_time() -> None:
    window = Window(10, 5.0)
    assert not window.is_overdue(100.0)
    window.sent(1, batch(1), 100.0)
    assert not window.is_overdue(104.9)
    assert window.is_overdue(105.0)
    assert (window.patience, window.size) == (10.0, 5)
    window.restart(0, 105.0)
    assert window.sent(2, batch(1), 105.0) == 10
    window.confirmed(10, 106.0)
    assert not window.is_overdue(1000.0)
    assert window.patience == 10.0, "nobody can tell which of the two times was answered"
    window.sent(3, batch(2), 1000.0)
    window.confirmed(20, 1001.0)
    assert window.patience == 5.0


def test_a_collector_that_is_behind_is_given_the_time_that_it_takes() -> None:
    window = Window(10, 5.0)
    for number in range(1, 4):
        window.sent(number, batch(number), float(number))
        window.acknowledged(number, float(number))
    window.confirmed(10, 7.5)
    assert window.patience == 13.0, "twice the 6.5 s that the first took"
    assert not window.is_overdue(20.0)
    window.confirmed(30, 400.0)
    assert window.patience == LONGEST_S
    window.sent(4, batch(4), 500.0)
    window.confirmed(40, 501.0)
    assert window.patience == 5.0


def test_a_refused_batch_is_halved_and_a_single_row_given_so_many_tries() -> None:
    window = Window(8, 5.0)
    sizes = []
    while window.size > 1:
        assert window.refused(Sent(1, window.size, window.size)) is None
        sizes.append(window.size)
    assert sizes == [4, 2, 1]
    answers = [window.refused(Sent(1, 1, 1)) for _ in range(MAX_STRIKES)]
    assert answers == [None] * (MAX_STRIKES - 1) + [1]
    window.accepted(Sent(2, 2, 1))
    assert window.size == 2


def test_a_broken_link_is_blamed_on_a_batch_only_when_it_was_alone() -> None:
    window = Window(10, 5.0)
    assert window.broken() is None
    window.sent(1, batch(1), 0.0)
    window.sent(2, batch(2), 0.0)
    assert window.broken() is None
    window.restart(0, 1.0)
    window.sent(3, batch(1), 1.0)
    assert not window.has_room
    assert window.broken() == batch(1)
    window.restart(20, 2.0)
    window.sent(4, batch(3), 2.0)
    assert window.has_room


def test_the_broker_settles_batches_in_order_only() -> None:
    window = Window(10, 5.0)
    for number in (1, 2, 3):
        window.sent(number, batch(number), 0.0)
    window.acknowledged(2, 0.0)
    assert window.settled() == 0
    window.acknowledged(1, 0.0)
    assert window.settled() == 20
    assert window.acknowledged(99, 0.0) is None


def test_only_what_confirms_lets_batches_grow_again() -> None:
    window = Window(8, 5.0)
    window.sent(1, batch(1, 8), 0.0)
    window.acknowledged(1, 0.0)
    assert window.is_overdue(5.0)
    window.restart(0, 5.0)
    window.sent(2, batch(1, 4), 5.0)
    window.acknowledged(2, 5.0)
    assert window.size == 4
    window.confirmed(4, 6.0)
    assert window.size == 8


def test_through_a_broker_that_acknowledges_and_drops_large_batches_all_rows_arrive() -> None:
    window, released, now = Window(100, 10.0), 0, 0.0
    for mid in range(1000):
        if released == 200:
            break
        if window.cursor < 200 and window.has_room:
            rows = min(window.size, 200 - window.cursor)
            sent = Sent(window.cursor + 1, window.cursor + rows, rows)
            window.sent(mid, sent, now)
            window.acknowledged(mid, now)
            if rows <= 20 and sent.first == released + 1:
                released = sent.last
                window.confirmed(released, now)
        else:
            now += 61
            assert window.is_overdue(now)
            window.restart(released, now)
    assert released == 200


def overdue(window: Window, now: float, *, answered: bool) -> Sent | None:
    """Row 50 and the one after it go out; the verdict when the wait is over."""
    window.restart(49, now)
    window.sent(1, Sent(50, 50, 1), now)
    window.sent(2, Sent(51, 51, 1), now)
    if answered:
        window.answered()
    assert window.is_overdue(now + 60)
    return window.vanished()


def test_a_single_row_vanished_only_if_the_collector_answers_meanwhile() -> None:
    window = Window(1, 5.0)
    for minute in range(100):  # no collector: however long it takes
        assert overdue(window, minute * 60.0, answered=False) is None
    verdicts = [overdue(window, 6000.0 + i * 60, answered=True) for i in range(MAX_STRIKES)]
    assert verdicts == [Sent(50, 50, 1)] * MAX_STRIKES
    assert [window.refused(row) for row in verdicts if row is not None] == [None, None, 50]
    window.answered()
    window.confirmed(51, 9000.0)
    assert overdue(window, 9000.0, answered=False) is None


def test_a_batch_is_known_by_its_name_once_also_after_a_restart() -> None:
    window = Window(10, 5.0)
    window.sent(1, batch(1), 0.0, "a")
    window.restart(0, 1.0)
    window.sent(2, batch(1, 5), 1.0, "b")
    assert (window.named("a"), window.named("a"), window.named("c")) == (batch(1), None, None)
    for number in range(REMEMBERED):
        window.sent(number, batch(number + 1), 2.0, str(number))
    assert window.named("b") is None
