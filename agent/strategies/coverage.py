"""Spend a fixed budget of inferences where the least is known: where intervals are widest."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from agent.statistics.clustered import clustered_rate
from agent.strategies import Options, Strategy
from agent.strategies._opening import Opening
from agent.values import Condition, Target, Trial


class CoverageSettings(Options):
    """How much to spend, and how thinly."""

    budget: int = Field(default=2000, ge=1, description="perturbed pictures in all")
    per_frame: int = Field(default=4, ge=1, description="conditions tried on one frame")


class Coverage(Strategy):
    """Tries on each frame the conditions whose flip rate is known least.

    Least known is the widest 95 % interval over tracks (``clustered_rate``: thirty frames of one
    approach are not thirty pieces of evidence); among equals the one tried least, then the suite's
    order. A budget lasts for about ``budget / per_frame`` frames, more where the data hold fewer
    targets: choose ``per_frame`` so that it spans the data. What is asked of one frame depends on
    those before it, so frames cannot be shared out among several processes. Targets meet too few
    severities to tell where they break.
    """

    Settings = CoverageSettings
    splits = False

    def __init__(self, conditions: Sequence[Condition], settings: Options | None = None) -> None:
        super().__init__(conditions, settings)
        chosen = settings if isinstance(settings, CoverageSettings) else self.Settings()
        self.settings = chosen
        self.left = chosen.budget
        self._cells = {condition: _Cell() for condition in self.conditions}
        self._frame = -1
        self._chosen: tuple[Condition, ...] = ()
        self._asked: set[tuple[int, Condition]] = set()
        self._shared: set[Condition] = set()
        self._opening = Opening()

    @property
    def finished(self) -> bool:
        return self.left <= 0

    def ask(self, target: Target) -> tuple[Condition, ...]:
        if target.frame != self._frame:
            self._frame, self._asked, self._shared = target.frame, set(), set()
            self._chosen = self._widest()
        if target.label is None:
            return ()
        wanted = [c for c in self._chosen if (target.number, c) not in self._asked]
        asked = [c for c in self._opening.limit(target, wanted) if self._pay(c)]
        self._asked.update((target.number, condition) for condition in asked)
        return tuple(asked)

    def tell(self, trial: Trial) -> None:
        self._opening.tell(trial)
        if trial.clean.seen and trial.condition in self._cells:
            self._cells[trial.condition].add((trial.clip, trial.target.track), trial.flipped)

    def _widest(self) -> tuple[Condition, ...]:
        """The conditions for a frame; the sort is stable, so ties keep the suite's order."""
        ranked = sorted(
            filter(self.admits, self.conditions),
            key=lambda c: (-self._cells[c].width(), self._cells[c].trials),
        )
        return tuple(ranked[: self.settings.per_frame])

    def _pay(self, condition: Condition) -> bool:
        """Whether the budget holds for a condition; a shared picture is paid for once a frame."""
        if condition in self._shared:
            return True
        if self.left <= 0:
            return False
        self.left -= 1
        if not condition.per_target:
            self._shared.add(condition)
        return True


class _Cell:
    """One condition's flips and trials by track."""

    def __init__(self) -> None:
        self.trials = 0
        self._tracks: dict[tuple[str, str], tuple[int, int]] = {}
        self._width: float | None = 1.0

    def add(self, track: tuple[str, str], flipped: bool) -> None:
        flips, n = self._tracks.get(track, (0, 0))
        self._tracks[track] = flips + flipped, n + 1
        self.trials += 1
        self._width = None

    def width(self) -> float:
        """Of the 95 % interval; reckoned anew only where something was added."""
        if self._width is None:
            low, high = clustered_rate(list(self._tracks.values()))
            self._width = high - low
        return self._width
