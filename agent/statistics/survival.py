"""How many targets are still seen as the severity rises: survival with censoring."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from agent.statistics.intervals import Z95


class Step(NamedTuple):
    """From ``severity`` on a share ``survival`` of the targets is still seen, in [low, high]."""

    severity: float
    survival: float
    low: float
    high: float


def survival_curve(
    lost: Sequence[float], survived: Sequence[float] = (), z: float = Z95
) -> tuple[Step, ...]:
    """Kaplan and Meier's curve: a step for each severity at which targets were lost.

    ``lost`` are breaking severities; ``survived`` are the greatest severities that targets stood
    without being lost (censored there: tried no further). The interval is on the log-log scale,
    which stays within [0, 1] (Kalbfleisch and Prentice). Source: Kaplan and Meier (1958), J. Am.
    Stat. Assoc. 53, 457-481; Greenwood (1926) for the variance.

    >>> [round(step.survival, 2) for step in survival_curve([0.2, 0.4, 0.4], [1.0])]
    [0.75, 0.25]
    """
    events = Counter(lost)
    standing = len(lost) + len(survived)
    share, variance = 1.0, 0.0
    steps: list[Step] = []
    gone = sorted(survived)
    for severity in sorted(events):
        while gone and gone[0] < severity:
            gone.pop(0)
            standing -= 1
        count = events[severity]
        share *= 1 - count / standing
        if standing > count:
            variance += count / (standing * (standing - count))
        steps.append(Step(severity, share, *_band(share, variance, z)))
        standing -= count
    return tuple(steps)


def _band(share: float, variance: float, z: float) -> tuple[float, float]:
    """Interval of a survival share from Greenwood's sum; [0, 1] where all or nothing is left."""
    if share <= 0:
        return 0.0, 0.0
    if share >= 1:
        return 1.0, 1.0
    spread = z * math.sqrt(variance) / abs(math.log(share))
    return share ** math.exp(spread), share ** math.exp(-spread)
