"""Every condition for every target: the exhaustive strategy."""

from __future__ import annotations

from collections.abc import Sequence

from agent.strategies import Options, Search, Strategy
from agent.values import Condition, Target


class Grid(Strategy):
    """Asks each target for all conditions once."""

    def __init__(self, conditions: Sequence[Condition], settings: Options | None = None) -> None:
        super().__init__(conditions, settings)
        self._frame = -1
        self._asked: set[int] = set()

    def ask(self, target: Target) -> tuple[Condition, ...]:
        if target.frame != self._frame:
            self._frame = target.frame
            self._asked = set()
        if target.number in self._asked:
            return ()
        self._asked.add(target.number)
        return tuple(filter(self.admits, self.conditions))

    def searched(self, kind: str) -> Search:
        return "grid"
