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
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

SHIFTS: Final = (1.0, 1.5, 2.2, 3.3, 5.0)
"""The alternatives: multiples of the smallest change that matters, in log odds."""
LEADING: Final = 1
"""The alternative whose CUSUM dates the change (Page 1954, Biometrika 41, 100-115)."""
NOTHING: Final = -math.inf
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

    @property
    def bar(self) -> float:
        """The logarithm that a subject's evidence has to reach."""
        return math.log(self.scenes_per_false_alert)


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
    logs: list[float] = field(default_factory=lambda: [NOTHING] * len(SHIFTS))
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
        """The logarithm of this stream's part in its subject's evidence of a rise."""
        if self.risen is not None:
            return NOTHING
        return _log_sum(self.logs) - math.log(len(self.logs))

    @property
    def recovered(self) -> bool:
        """Whether a stream that had risen is back below the smallest change that matters."""
        return self.risen is not None and _log_mean(self.logs) >= math.log(RECOVERED)

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
        self.logs = [NOTHING] * len(SHIFTS)

    def restart(self) -> None:
        """The alarm is over: watch anew, against the baseline from before it."""
        self.risen, self.since, self.lead = None, [], 0.0
        self.logs = [NOTHING] * len(SHIFTS)

    def kept(self) -> dict[str, Any]:
        """The state for JSON, which knows no infinities."""
        state = asdict(self)
        del state["change"]
        state["logs"] = [None if log == NOTHING else round(log, 9) for log in self.logs]
        return state

    @classmethod
    def of(cls, change: Change, kept: dict[str, Any]) -> Stream:
        """A stream as ``kept`` had it."""
        stream = cls(change, **kept)
        stream.logs = [NOTHING if log is None else log for log in kept["logs"]]
        return stream

    def _look_for_rise(self, events: int, n: int, weight: float) -> None:
        null = self._log_null(events, n)
        base = self.baseline
        if self.lead <= 0:
            self.lead, self.since = 0.0, []
        starts = math.log(weight * n)
        for place, (hit, miss) in enumerate(_alternatives(base, self._limit)):
            ratio = events * hit + (n - events) * miss - null
            self.logs[place] = _log_add(self.logs[place], starts) + ratio
            if place == LEADING:
                self.lead += ratio

    def _look_for_recovery(self, counts: Sequence[int]) -> None:
        """The same statistic the other way: against a rate that is still too high."""
        events, n = counts[0], counts[1]
        self.risen = _sum(self.risen or [], counts)
        if not n:
            return
        null = _log_likelihood(self._limit, events, n)
        for place, (hit, miss) in enumerate(_alternatives(self._limit, self.baseline)):
            ratio = events * hit + (n - events) * miss - null
            self.logs[place] = _log_add(self.logs[place], math.log(n)) + ratio

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
    """The logarithm of the evidence of all streams of a subject together."""
    return _log_sum([stream.evidence for stream in streams])


def judge(streams: Mapping[str, Stream], least: int = 1) -> set[str]:
    """Raise the alarm of a subject's streams where their evidence together reaches the bar.

    Those rise that hold their share of it; the names of these. Streams with fewer than ``least``
    scenes since the likeliest start are left out.
    """
    fit = {name: stream for name, stream in streams.items() if _n(stream.since) >= least}
    bar = min((stream.change.bar for stream in fit.values()), default=math.inf)
    if total(fit.values()) < bar:
        return set()
    risen = {name for name, one in fit.items() if one.evidence >= bar - math.log(len(fit))}
    for name in risen:
        fit[name].rise()
    return risen


@lru_cache(maxsize=1024)
def _alternatives(base: float, limit: float) -> tuple[tuple[float, float], ...]:
    """Rates from ``limit`` on, away from ``base``: the logarithms of each and of its complement."""
    start = _logit(base)
    shift = _logit(limit) - start
    odds = [start + times * shift for times in SHIFTS]
    return tuple((-math.log1p(math.exp(-odd)), -math.log1p(math.exp(odd))) for odd in odds)


def _log_likelihood(rate: float, events: int, n: int) -> float:
    return events * math.log(rate) + (n - events) * math.log1p(-rate)


def _logit(rate: float) -> float:
    return math.log(rate) - math.log1p(-rate)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_add(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high if low == NOTHING else high + math.log1p(math.exp(low - high))


def _log_sum(logs: Sequence[float]) -> float:
    high = max(logs, default=NOTHING)
    if high == NOTHING:
        return NOTHING
    return high + math.log(sum(math.exp(log - high) for log in logs))


def _log_mean(logs: Sequence[float]) -> float:
    return _log_sum(logs) - math.log(len(logs))


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
