"""Ranges of settled numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.stores._received import Range, contiguous, settled

numbers = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), max_size=25)


@given(numbers)
def test_ranges_hold_exactly_the_numbers_that_were_settled(pairs: list[tuple[int, int]]) -> None:
    ranges: tuple[Range, ...] = ()
    known: set[int] = set()
    for first, length in pairs:
        ranges = settled(ranges, Range(first, first + length - 1))
        known |= set(range(first, first + length))
    assert {n for item in ranges for n in range(item.first, item.last + 1)} == known
    expected = next(n for n in range(1, 100) if n not in known) - 1
    assert contiguous(ranges) == expected
