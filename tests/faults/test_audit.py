"""The audit finds what was lost, doubled or forged, and takes gaps for what they say."""

from __future__ import annotations

from tests.faults.audit import Account, Gap, Ledger, account


def ledger(*lines: str) -> Ledger:
    made = Ledger()
    for line in lines:
        made.read(line)
    return made


def four(committed: int) -> Ledger:
    """Trials 1 to 4 at the seqs 2 to 5 of epoch a."""
    placed = [line for n in range(1, 5) for line in (f"? {n}", f"+ {n} {n + 1}")]
    return ledger("e a", *placed, f"c {committed}")


def test_all_stored_once_is_balanced() -> None:
    assert account([four(5)], [1, 2, 3, 4], []) == Account(4, 4, 0, 0, 0, 0, 0)


def test_a_trial_on_the_disk_that_is_not_stored_is_lost() -> None:
    found = account([four(5)], [1, 2, 4], [])
    assert (found.lost, found.counted, found.balanced) == (1, 4, False)


def test_a_trial_that_died_in_memory_was_not_counted() -> None:
    found = account([four(3)], [1, 2], [])
    assert (found.lost, found.counted, found.window, found.balanced) == (0, 2, 2, True)


def test_a_trial_stored_though_its_commit_was_not_heard_of_counts() -> None:
    found = account([four(3)], [1, 2, 3], [])
    assert (found.counted, found.window, found.balanced) == (3, 1, True)


def test_a_trial_stored_twice_is_doubled() -> None:
    found = account([four(5)], [1, 2, 3, 4, 4], [])
    assert (found.doubled, found.balanced) == (1, False)


def test_a_gap_covers_the_seqs_of_its_range_and_epoch_as_many_as_it_says() -> None:
    stored = [1, 4]
    assert account([four(5)], stored, [Gap("a", 3, 4, 2)]).balanced
    assert account([four(5)], stored, [Gap("a", 3, 4, 1)]).lost == 1
    assert account([four(5)], stored, [Gap("a", 3, 3, 2)]).lost == 1
    assert account([four(5)], stored, [Gap("b", 3, 4, 2)]).lost == 2


def test_what_nobody_made_is_forged_be_it_a_trial_or_the_loss_of_one() -> None:
    assert account([four(5)], [1, 2, 3, 4, 99], []).forged == 1
    assert account([four(5)], [1, 2, 3, 4], [Gap("a", 2, 5, 1)]).forged == 1
    # Of a killed agent's memory a gap may have spoken.
    assert account([four(3)], [1, 2], [Gap("a", 4, 4, 1)]).forged == 0


def test_a_number_of_a_killed_agent_that_is_used_again_is_another_row() -> None:
    killed = four(3)
    later = ledger("e a", "? 11", "+ 11 4", "c 4")
    assert account([killed, later], [1, 2, 11], []).balanced
    assert account([killed, later], [1, 2], []).lost == 1
