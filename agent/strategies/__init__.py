"""Strategies: each file is one kind, deciding which conditions a target meets.

They import values and statistics only. Ask and tell is the one mechanism: a grid ignores what it is
told, a breaking-point search bisects on it, a sequential test stops on it, an attack climbs on it.

To add one: a file ``agent/strategies/<kind>.py`` with one public class that extends ``Strategy``;
what a user may set is a frozen pydantic model, named by the class as ``Settings``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from agent.family import Family, kind_of
from agent.statistics.sequential import Decision
from agent.values import Condition, Target, Trial

Search = Literal["grid", "bisection", "scan"]
"""How the severities at which targets are lost were looked for: at all that a suite lists, by
halving, which trusts that more severity does more harm, or from below, which does not."""


class Options(BaseModel):
    """What a user may set of a strategy; the base has nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim about one kind.

    ``events`` in ``n`` units (tracks or clips); ``more`` is how many further units without an
    event would settle the claim as holding, 0 where it is settled.
    """

    kind: str
    claim: str
    decision: Decision
    events: int
    n: int
    more: int


class Strategy(ABC):
    """Chooses conditions. Starts from ``conditions``, those that a suite lays out."""

    Settings: ClassVar[type[Options]] = Options

    splits: ClassVar[bool] = True
    """Whether frames may be shared out among several instances: not where what came of one frame
    decides what another is asked."""

    def __init__(self, conditions: Sequence[Condition], settings: Options | None = None) -> None:
        self.conditions = tuple(conditions)
        self.only: frozenset[str] | None = None
        """The kinds that the next frame may be tried under; None: all. Set between frames."""

    def admits(self, condition: Condition) -> bool:
        """Whether a condition may be asked for on this frame."""
        return self.only is None or condition.kind in self.only

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    @property
    def finished(self) -> bool:
        """True when no further frame would be asked anything: whoever loops may stop."""
        return False

    @abstractmethod
    def ask(self, target: Target) -> tuple[Condition, ...]:
        """The next conditions for a target; none means that the target is done.

        Asked again after each round of ``tell``. All targets of one frame come together, frames
        in ascending order. Only conditions that it ``admits`` may be asked for: a device that lacks
        the time for all deals out their kinds over the frames.
        """

    def tell(self, trial: Trial) -> None:  # noqa: B027 - a strategy need not learn
        """What came of a condition that was asked for."""

    def searched(self, kind: str) -> Search | None:
        """How a condition's breaking severities are looked for.

        None: not at all. Targets do not meet enough severities to tell where they are lost.
        """
        return None

    def verdicts(self) -> tuple[Verdict, ...]:
        """Claims and what is settled of them so far."""
        return ()


family = Family("strategy", __name__, Strategy)  # type: ignore[type-abstract]
