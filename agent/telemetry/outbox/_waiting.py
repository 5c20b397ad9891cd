"""Rows in memory, until they are committed: bounded in number and in bytes. Not thread-safe."""

from __future__ import annotations

import time
from collections.abc import Sequence

from agent.record import Packed
from agent.telemetry.outbox._loss import Lost, cheapest


class Waiting:
    """The rows that wait, in order; ``lost`` says what was given up of them and is not declared."""

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self.max_rows, self.max_bytes = max_rows, max_bytes
        self.rows: list[Packed] = []
        self.lost: Lost | None = None
        self._bytes = 0
        self._since = 0.0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= self.max_rows or self._bytes >= self.max_bytes

    def age(self) -> float:
        """Seconds for which the oldest row has waited."""
        return time.monotonic() - self._since

    def add(self, row: Packed) -> None:
        if not self.rows:
            self._since = time.monotonic()
        self.rows.append(row)
        self._bytes += len(row.body)

    def take(self) -> list[Packed]:
        """All rows, which wait no longer."""
        rows, self.rows, self._bytes = self.rows, [], 0
        return rows

    def give_back(self, rows: Sequence[Packed]) -> None:
        """Rows that could not be committed come before those that were added since."""
        self.rows[:0] = rows
        self._bytes = sum(len(row.body) for row in self.rows)

    def cut(self) -> int:
        """Give up the cheapest oldest tenth; how many rows that is."""
        self.rows, lost = cheapest(self.rows, max(1, len(self.rows) // 10))
        self._bytes = sum(len(row.body) for row in self.rows)
        if lost is None:
            return 0
        self.lost = lost if self.lost is None else self.lost.joined(lost)
        return lost.rows
