"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of ``of`` items; pages are numbered from 1."""

    items: Sequence[T]
    number: int
    pages: int
    first: int
    of: int


def paged(items: Sequence[T], number: int, most: int) -> Page[T]:
    """The page of a number, or the last one where there are not so many."""
    pages = max(1, -(-len(items) // most))
    number = min(number, pages)
    begin = (number - 1) * most
    return Page(items[begin : begin + most], number, pages, begin + 1, len(items))
