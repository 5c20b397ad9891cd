"""Testing scene after scene: stop as soon as a claim is settled, at error rates that hold.

An interval that is looked at after every scene is wrong far more often than its 5 %: Wilson's gives
27 % false alarms. Wald's test may be looked at whenever one likes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Decision = Literal["holds", "fails", "open"]


@dataclass(frozen=True, slots=True)
class Claim:
    """ "The rate is at most ``good``", against "it is at least ``bad``".

    ``false_fail`` is the probability to refuse the claim at a rate of ``good``, ``false_hold`` the
    one to accept it at ``bad``. Between the two rates either answer is right. Raises
    ``ValueError`` unless 0 < good < bad < 1 and the errors are in (0, 0.5).
    """

    good: float
    bad: float
    false_fail: float = 0.05
    false_hold: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.good < self.bad < 1:
            raise ValueError(f"a claim needs 0 < good < bad < 1, got {self.good} and {self.bad}")
        if not (0 < self.false_fail < 0.5 and 0 < self.false_hold < 0.5):
            raise ValueError("error rates lie between 0 and 0.5")

    def evidence(self, events: int, n: int) -> float:
        """Log likelihood ratio of ``bad`` over ``good`` after ``events`` in ``n`` scenes."""
        hit = math.log(self.bad / self.good)
        miss = math.log((1 - self.bad) / (1 - self.good))
        return events * hit + (n - events) * miss

    def decide(self, events: int, n: int) -> Decision:
        """What is settled after ``events`` in ``n`` independent scenes, looked at in any order.

        Wald's sequential probability ratio test. Ask after every scene and stop at the first
        answer that is not ``open``. The bounds are the simple ones, 1 / error, for which the error
        rates hold exactly (Ville's inequality), not Wald's closer ones, for which they hold nearly.
        Source: Wald (1945), Annals of Mathematical Statistics 16, 117-186. Raises ``ValueError``
        unless 0 <= events <= n.

        >>> Claim(0.05, 0.10).decide(0, 60)
        'holds'
        >>> Claim(0.05, 0.10).decide(6, 12)
        'fails'
        """
        if not 0 <= events <= n:
            raise ValueError(f"a test needs 0 <= events <= n, got {events} of {n}")
        evidence = self.evidence(events, n)
        if evidence >= -math.log(self.false_fail):
            return "fails"
        if evidence <= math.log(self.false_hold):
            return "holds"
        return "open"

    def scenes_to_hold(self, events: int, n: int) -> int:
        """How many more scenes without an event would settle the claim as holding."""
        bound = math.log(self.false_hold)
        miss = math.log((1 - self.bad) / (1 - self.good))
        return max(0, math.ceil((bound - self.evidence(events, n)) / miss))
