"""Strategies: each file is one kind, deciding which conditions a target meets. Import values only.

Ask and tell is the one mechanism: a grid ignores what it is told, a breaking-point search bisects
on it, a sequential test stops on it, an attack climbs on it.

To add one: a file ``agent/strategies/<kind>.py`` with one public class that extends ``Strategy``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from agent.family import Family, kind_of
from agent.values import Condition, Target, Trial


class Strategy(ABC):
    """Chooses conditions. Starts from ``conditions``, those that a suite lays out."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.conditions = tuple(conditions)

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    @abstractmethod
    def ask(self, target: Target) -> tuple[Condition, ...]:
        """The next conditions for a target; none means that the target is done.

        Asked again after each round of ``tell``. All targets of one frame come together, frames
        in ascending order.
        """

    def tell(self, trial: Trial) -> None:  # noqa: B027 - a strategy need not learn
        """What came of a condition that was asked for."""


family = Family("strategy", __name__, Strategy)  # type: ignore[type-abstract]
