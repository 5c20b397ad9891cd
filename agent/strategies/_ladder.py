"""Where one target is lost, on a ladder of severities 1/n, 2/n, ... 1, asked rung by rung.

Rungs are whole numbers, so that the searches of several targets ask for the very same severities
and one picture can serve them all. Rung 0 is the clean frame, on which the target was seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

SURE: Final = 0.7
"""Confidence from which on a target is trusted to be seen at the severities nearby as well."""

RISE: Final = 0.06
"""Rise of confidence with severity from which on a model is said to waver."""

NEAR: Final = (1, 3, 6)
"""Rungs below the one that stood, of 40, at which a loss between others shows most often."""

COARSE: Final = 8
"""Parts of the ladder to which a loss is narrowed down before anything is looked for below it."""


def rungs_for(tolerance: float) -> int:
    """The fewest rungs that lie no further apart than ``tolerance``.

    >>> rungs_for(0.025), rungs_for(0.3)
    (40, 4)
    """
    return math.ceil(1 / tolerance - 1e-9)


@dataclass
class Ladder:
    """Asks for the rungs of ``first`` until one is lost, then halves between it and what stands.

    ``first`` is the top rung alone for a bisection, and rises in strides for a scan. A target of
    which the model is not sure may be lost and found again over a range of severities, and halving
    would meet any of those losses instead of the lowest. So once a loss is roughly known (or there
    is none), rungs are tried below it: in the middle of the gap at whose ends confidence is lowest,
    wide gaps first among equals. That ends when as many rungs have been tried as plain halving
    takes in all, or ``checks`` more where the model was seen to waver: surer, or seeing again, at a
    greater severity. A model may be sure and still fail between two severities at which it does
    not; so a bisection ends with a few rungs just below the loss (or one below the top, where there
    is none). ``confidence`` on rung 0 is the clean frame's.
    """

    rungs: int
    first: tuple[int, ...]
    checks: int = 0
    confidence: dict[int, float] = field(default_factory=lambda: {0: 1.0})
    lost: set[int] = field(default_factory=set)

    def ask(self) -> int | None:
        """The rung to try next; None when the search is over."""
        ahead = [rung for rung in self.first if rung not in self.confidence]
        if ahead and not self.lost:
            return ahead[0]
        low, high = self.bracket() if self.lost else (self.rungs, self.rungs)
        check = self._check(low) if high - low <= max(1, self.rungs // COARSE) else None
        if check is not None:
            return check
        return (low + high) // 2 if high - low > 1 else self._near(low)

    def tell(self, rung: int, seen: bool, confidence: float) -> None:
        """Whether the target was seen at a rung, and with what confidence, in [0, 1]."""
        if seen:
            self.confidence[rung] = confidence
        else:
            self.lost.add(rung)

    def bracket(self) -> tuple[int, int]:
        """The lowest rung at which the target was lost, and the highest below it that it stood.

        Lower one first. Raises ``ValueError`` where it was never lost.
        """
        high = min(self.lost)
        return max(rung for rung in self.confidence if rung < high), high

    def _check(self, low: int) -> int | None:
        """A rung at or under ``low`` at which a loss would not surprise, while checks last."""
        stood = sorted(rung for rung in self.confidence if rung <= low)
        doubts = [
            ((1 - sure) * math.sqrt(b - a), a, b)
            for a, b in pairwise(stood)
            if b - a > 1 and (sure := min(self.confidence[a], self.confidence[b])) < SURE
        ]
        # Rung 0, the clean frame, was no trial.
        tried = len(self.confidence) - 1 + len(self.lost)
        if not doubts or tried >= self._most():
            return None
        _, a, b = max(doubts)
        return (a + b) // 2

    def _near(self, low: int) -> int | None:
        """A rung a little below ``low`` that is not tried yet, while trials last."""
        tried = len(self.confidence) - 1 + len(self.lost)
        if len(self.first) > 1 or tried >= len(self.first) + _halvings(self.rungs) + len(NEAR):
            return None
        steps = NEAR if self.lost else NEAR[1:2]
        rungs = (low - round(step * self.rungs / 40) for step in steps)
        return next((r for r in rungs if 0 < r < low and r not in self.confidence), None)

    def _most(self) -> int:
        """Trials after which nothing is checked any more."""
        wide = max(b - a for a, b in pairwise((0, *self.first)))
        return len(self.first) + _halvings(wide) + (self.checks if self._wavers() else 0)

    def _wavers(self) -> bool:
        stood = sorted(self.confidence)
        if self.lost and stood[-1] > min(self.lost):
            return True
        lowest = accumulate((self.confidence[rung] for rung in stood), min)
        return any(
            self.confidence[r] > least + RISE for r, least in zip(stood, lowest, strict=True)
        )


def _halvings(width: int) -> int:
    """How many trials narrow a bracket of so many rungs down to one."""
    return math.ceil(math.log2(width)) if width > 1 else 0
