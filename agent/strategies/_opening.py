"""The first question of a target, which tells whether there is anything to ask of it."""

from __future__ import annotations

from collections.abc import Sequence

from agent.values import Condition, Target, Trial


class Opening:
    """Lets one question through until a trial has told that a target is seen clean, then all.

    A target that is not seen clean cannot be lost: after the one question it is asked no more. The
    question goes on a picture that serves all targets of the frame, where there is one.
    """

    def __init__(self) -> None:
        self._frame = -1
        self._seen: dict[int, bool] = {}

    def limit(self, target: Target, wanted: Sequence[Condition]) -> tuple[Condition, ...]:
        """Those of the wanted conditions that are to be asked now."""
        if target.frame != self._frame:
            self._frame, self._seen = target.frame, {}
        seen = self._seen.get(target.number)
        if seen is None:
            return tuple(sorted(wanted, key=lambda condition: condition.per_target)[:1])
        return tuple(wanted) if seen else ()

    def tell(self, trial: Trial) -> None:
        """What came of a question."""
        if trial.frame == self._frame:
            self._seen[trial.target.number] = trial.clean.seen
