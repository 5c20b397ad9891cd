"""Where each target breaks: the smallest severity of each kind at which it is no longer seen."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from agent.strategies import Options, Search, Strategy
from agent.strategies._ladder import Ladder, rungs_for
from agent.strategies._opening import Opening
from agent.strategies._sweep import sweeps, unvaried
from agent.values import Condition, Target, Trial


class BreakingPointSettings(Options):
    """How closely, and with how many safeguards."""

    tolerance: float = Field(
        default=0.025, ge=0.001, le=0.5, description="of severity: how closely a loss is bracketed"
    )
    scan: int = Field(
        default=1, ge=1, le=100, description="stride in tolerances where harm is not monotone"
    )
    checks: int = Field(default=5, ge=0, le=20, description="further trials where the model wavers")


class BreakingPoint(Strategy):
    """Bisects where a kind's harm is monotone, else scans from below until a target is lost.

    What is found is the lowest severity tried at which the target was lost: the true one lies
    within ``tolerance`` below it. A target that is still seen at severity 1 has none (censored),
    nor has one that is not seen clean; of that the first trial tells, which is wasted on it.

    A bisection takes log2(1 / tolerance) + 1 trials, rounded up: 7 as it is set, and 1 where
    severity 1 does no harm; then up to 3 more, or 1, a little below what it found. Yet where the
    harm to the picture only grows, a model that is not sure still loses and finds a target by
    turns, and halving alone would place its breaking point too high; so some more trials are spent
    below the loss, where it was least sure (see ``Ladder``). `fieldproof bench search` tells how
    near that comes to a grid of 41 severities. What is not noticed is a model that is sure, fails,
    is sure again and fails for good. A scan notices: it climbs in strides of ``scan`` tolerances,
    and misses only losses that begin and end within a stride.

    All targets of a frame climb one ladder of severities in step, so whatever does not lie on the
    object is asked for by all at once, and one picture serves them. Conditions of which nothing
    varies are tried once, as they are. Frames without targets are asked nothing.
    """

    Settings = BreakingPointSettings

    def __init__(self, conditions: Sequence[Condition], settings: Options | None = None) -> None:
        super().__init__(conditions, settings)
        chosen = settings if isinstance(settings, BreakingPointSettings) else self.Settings()
        self.settings = chosen
        self._rungs = rungs_for(chosen.tolerance)
        self._sweeps = sweeps(conditions)
        self._unvaried = unvaried(conditions)
        self._frame = -1
        self._searches: dict[int, _TargetSearch] = {}
        self._opening = Opening()

    def ask(self, target: Target) -> tuple[Condition, ...]:
        if target.label is None:
            return ()
        if target.frame != self._frame:
            self._frame, self._searches = target.frame, {}
        if target.number not in self._searches:
            self._searches[target.number] = self._begin()
        search = self._searches[target.number]
        wanted = list(filter(self.admits, search.wanted()))
        asked = self._opening.limit(target, wanted)
        search.asked(asked)
        return asked

    def tell(self, trial: Trial) -> None:
        self._opening.tell(trial)
        if trial.frame == self._frame and trial.target.number in self._searches:
            self._searches[trial.target.number].tell(trial)

    def searched(self, kind: str) -> Search:
        condition = self._sweeps.get(kind)
        if condition is None:
            return "grid"
        return "bisection" if condition.monotone else "scan"

    def _begin(self) -> _TargetSearch:
        ladders = {kind: self._ladder(condition) for kind, condition in self._sweeps.items()}
        return _TargetSearch(self._sweeps, ladders, self._rungs, self._unvaried)

    def _ladder(self, condition: Condition) -> Ladder:
        top = self._rungs
        # A quarter of the ladder at most, or a scan would be none.
        stride = max(1, min(self.settings.scan, top // 4))
        first = (top,) if condition.monotone else (*range(stride, top, stride), top)
        return Ladder(top, first, self.settings.checks)


class _TargetSearch:
    """All kinds' searches for one target of one frame, in step."""

    def __init__(
        self,
        kinds: dict[str, Condition],
        ladders: dict[str, Ladder],
        rungs: int,
        unvaried: tuple[Condition, ...],
    ) -> None:
        self._kinds, self._ladders, self._rungs = kinds, ladders, rungs
        self._left = unvaried
        self._asked: dict[Condition, tuple[str, int]] = {}

    def wanted(self) -> list[Condition]:
        """The next rung of each search that is not over, and what is not tried yet as it is."""
        self._asked = {
            self._kinds[kind].at(rung / self._rungs): (kind, rung)
            for kind, ladder in self._ladders.items()
            if (rung := ladder.ask()) is not None
        }
        return [*self._asked, *self._left]

    def asked(self, conditions: Sequence[Condition]) -> None:
        """Which of the wanted conditions are tried now."""
        self._left = tuple(c for c in self._left if c not in conditions)

    def tell(self, trial: Trial) -> None:
        if trial.condition in self._asked:
            kind, rung = self._asked.pop(trial.condition)
            ladder = self._ladders[kind]
            ladder.confidence[0] = trial.clean.confidence
            ladder.tell(rung, trial.perturbed.seen, trial.perturbed.confidence)
