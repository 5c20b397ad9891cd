"""Whether a rate of events per scene has risen above its baseline, looked at as often as one likes.

The statistic is a Shiryaev-Roberts e-detector with a mixture over alternatives. Each alternative q
keeps M(q) <- (M(q) + w n) L(q) for a portion of n scenes of which k are events, where L(q) is the
likelihood of that portion at rate q over that under the baseline, and w the share of this stream
in its subject's error rate. The alarm is raised once the mean of M over the alternatives, summed
over a subject's streams, reaches C, the ``scenes_per_false_alert``. Sources: Shin, Ramdas and
Rinaldo (2022), E-detectors: a nonparametric framework for sequential change detection
(arXiv:2203.03532); Roberts (1966), Technometrics 8, 411-430; for the baseline that is learned,
Jeffreys (1946), Proc. R. Soc. A 186, 453-461.

What is guaranteed. A portion's L has mean at most 1 as long as each scene is an event with
probability of at most the baseline, whatever the scenes before it were; so M grows by at most w n
on average, and by optional stopping the probability of an alarm within N scenes is at most N / C,
and C scenes at least pass on average before a false one. That holds for any sizes of portions that
do not depend on what is in them, for scenes that are unlike each other, and for several streams
whose scenes depend on each other: weights that sum to 1 make N the mean number of scenes per
stream. Over all subjects of a rule N is the sum of their scenes: many devices share one error rate.

What is only so on average. Where the baseline is learned, L's denominator is the prediction under
a Beta(1/2, 1/2) prior and all scenes so far; the bound then holds averaged over that prior, for a
given rate it is only measured (see ``fieldproof bench alerts``). The baseline goes on being
refined by the scenes that come, so a creep that takes tens of thousands of scenes is told late.

What is not so. Scenes whose flips come in bouts that last - a day of rain - break the bound as
they break every method that takes scenes for the unit: the rate is then above the baseline for a
while, and the alarm says so. Within a portion the order is not known; a change in its midst is
diluted. Pure: no clock, no store.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

SHIFTS: Final = (1.0, 1.5, 2.2, 3.3, 5.0)
"""The alternatives: multiples of the smallest change that matters, in log odds."""
LEADING: Final = 1
"""The alternative whose CUSUM dates the change (Page 1954, Biometrika 41, 100-115)."""
LONGEST: Final = 600.0
MOST: Final = 1e280
"""Evidence grows no further: one portion of a thousand flips would leave a float's range."""
RECOVERED: Final = 10_000.0
"""Evidence that a risen rate is back: at the smallest change that matters, it is wrongly said once
in at least so many scenes; at more than that, hardly ever."""

State = Literal["learning", "watching", "risen"]


@dataclass(frozen=True, slots=True)
class Change:
    """What to look for: a rise by ``smallest`` or more, above ``rate`` or a learned baseline.

    ``rate`` None: the first ``learn`` scenes are the baseline. Raises ``ValueError`` for figures
    that cannot be.
    """

    smallest: float = 0.05
    scenes_per_false_alert: float = 1e7
    rate: float | None = None
    learn: int = 500

    def __post_init__(self) -> None:
        if not 0 < self.smallest < 1:
            raise ValueError(f"the smallest change lies between 0 and 1, got {self.smallest}")
        if self.rate is not None and not 0 < self.rate < 1:
            raise ValueError(f"a baseline lies between 0 and 1, got {self.rate}")
        if self.scenes_per_false_alert < 1 or self.learn < 1:
            raise ValueError("scenes are counted from 1")


@dataclass(slots=True)
class Stream:
    """One stream of scenes, such as those of a device under one condition. JSON by ``kept``.

    Counts are (events, scenes, and whatever else is counted along): ``before`` are those of the
    baseline and all since, ``since`` those from the likeliest start of a change, ``risen`` those
    since the alarm.
    """

    change: Change
    before: list[int] = field(default_factory=list)
    since: list[int] = field(default_factory=list)
    risen: list[int] | None = None
    speaks: list[float] = field(default_factory=lambda: [0.0] * len(SHIFTS))
    lead: float = 0.0

    @property
    def state(self) -> State:
        if self.risen is not None:
            return "risen"
        known = self.change.rate is not None or _n(self.before) >= self.change.learn
        return "watching" if known else "learning"

    @property
    def baseline(self) -> float:
        """The rate that the scenes are held against; learned, it is what Jeffreys' prior says."""
        if self.change.rate is not None:
            return self.change.rate
        return (_k(self.before) + 0.5) / (_n(self.before) + 1.0)

    @property
    def evidence(self) -> float:
        """This stream's part in its subject's evidence of a rise; without one, the scenes."""
        return 0.0 if self.risen is not None else sum(self.speaks) / len(self.speaks)

    @property
    def recovered(self) -> bool:
        """Whether a stream that had risen is back below the smallest change that matters."""
        return self.risen is not None and sum(self.speaks) / len(self.speaks) >= RECOVERED

    def add(self, counts: Sequence[int], weight: float = 1.0) -> None:
        """Take a portion: events, scenes, and what is counted along. ``weight``: see above.

        Raises ``ValueError`` unless 0 <= events <= scenes.
        """
        events, n = counts[0], counts[1]
        if not 0 <= events <= n:
            raise ValueError(f"there are {events} events in {n} scenes")
        state = self.state
        if state == "risen":
            self._look_for_recovery(counts)
            return
        if state == "watching" and n:
            self._look_for_rise(events, n, weight)
            self.since = _sum(self.since, counts)
        self.before = _sum(self.before, counts)

    def rise(self) -> None:
        """The alarm is raised: what came since the likeliest start is no part of the baseline."""
        self.before = _sum(self.before, [-count for count in self.since])
        self.risen = [0] * len(self.since)
        self.speaks = [0.0] * len(SHIFTS)

    def restart(self) -> None:
        """The alarm is over: watch anew, against the baseline from before it."""
        self.risen, self.since, self.lead = None, [], 0.0
        self.speaks = [0.0] * len(SHIFTS)

    def kept(self) -> dict[str, Any]:
        """The state for JSON."""
        names = ("before", "since", "risen", "speaks", "lead")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of(cls, change: Change, kept: dict[str, Any]) -> Stream:
        """A stream as ``kept`` had it."""
        return cls(change, **kept)

    def _look_for_rise(self, events: int, n: int, weight: float) -> None:
        base = self.baseline
        rates = _alternatives(base, self._limit)
        if self.lead <= 0:
            self.lead, self.since = 0.0, []
        if n == 1:  # by far the most common, and cheap
            null = base if events else 1 - base
            ratios = [(rate if events else 1 - rate) / null for rate in rates]
            self.lead += math.log(ratios[LEADING])
        else:
            log_null = self._log_null(events, n)
            logs = [_log_likelihood(rate, events, n) - log_null for rate in rates]
            ratios = [math.exp(min(log, LONGEST)) for log in logs]
            self.lead += logs[LEADING]
        self._multiply(ratios, weight * n)

    def _look_for_recovery(self, counts: Sequence[int]) -> None:
        """The same statistic the other way: against a rate that is still too high."""
        events, n = counts[0], counts[1]
        self.risen = _sum(self.risen or [], counts)
        if n:
            null = _log_likelihood(self._limit, events, n)
            rates = _alternatives(self._limit, self.baseline)
            logs = [_log_likelihood(rate, events, n) - null for rate in rates]
            self._multiply([math.exp(min(log, LONGEST)) for log in logs], n)

    def _multiply(self, ratios: Sequence[float], starts: float) -> None:
        pairs = zip(self.speaks, ratios, strict=True)
        self.speaks = [min((spoken + starts) * ratio, MOST) for spoken, ratio in pairs]

    @property
    def _limit(self) -> float:
        """The baseline and the smallest change that matters; halfway to 1 where that is beyond."""
        return min(self.baseline + self.change.smallest, (1 + self.baseline) / 2)

    def _log_null(self, events: int, n: int) -> float:
        if self.change.rate is not None:
            return _log_likelihood(self.change.rate, events, n)
        a, b = _k(self.before) + 0.5, _n(self.before) - _k(self.before) + 0.5
        return _log_beta(a + events, b + n - events) - _log_beta(a, b)


def total(streams: Iterable[Stream]) -> float:
    """The evidence of all streams of a subject together."""
    return sum(stream.evidence for stream in streams)


def judge(streams: Mapping[str, Stream], least: int = 1) -> set[str]:
    """Raise the alarm of a subject's streams where their evidence together reaches the bar.

    Those rise that hold their share of it; the names of these. Streams with fewer than ``least``
    scenes since the likeliest start are left out.
    """
    fit = {name: stream for name, stream in streams.items() if _n(stream.since) >= least}
    bar = min((stream.change.scenes_per_false_alert for stream in fit.values()), default=math.inf)
    if total(fit.values()) < bar:
        return set()
    risen = {name for name, stream in fit.items() if stream.evidence >= bar / len(fit)}
    for name in risen:
        fit[name].rise()
    return risen


@lru_cache(maxsize=1024)
def _alternatives(base: float, limit: float) -> tuple[float, ...]:
    """Rates from ``limit`` on, away from ``base``."""
    start = _logit(base)
    shift = _logit(limit) - start
    return tuple(1 / (1 + math.exp(-(start + times * shift))) for times in SHIFTS)


def _log_likelihood(rate: float, events: int, n: int) -> float:
    return events * math.log(rate) + (n - events) * math.log1p(-rate)


def _logit(rate: float) -> float:
    return math.log(rate) - math.log1p(-rate)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _sum(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """Counts added; one that is shorter counts as zeros."""
    long = max(len(a), len(b))
    return [x + y for x, y in zip(_padded(a, long), _padded(b, long), strict=True)]


def _padded(counts: Sequence[int], long: int) -> list[int]:
    return [*counts, *[0] * (long - len(counts))]


def _k(counts: Sequence[int]) -> int:
    return counts[0] if counts else 0


def _n(counts: Sequence[int]) -> int:
    return counts[1] if len(counts) > 1 else 0
