"""Intervals where frames of one clip or track resemble each other.

Thirty frames of one approach are not thirty pieces of evidence: the scene (clip or track) is the
unit. All that an interval needs of the scenes are whole-number sums, so that it takes no more
room for a million scenes than for ten, and sums from any split of the scenes are the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.statistics.intervals import (
    FEWEST,
    CensoredMedian,
    Interval,
    censored_median,
    wilson,
)


class Sums(NamedTuple):
    """Over scenes with ``k`` of ``n`` targets seen each: how many, k, n, and their products.

    ``kkkn`` is the sum of k^3 n, and so on; those of four factors tell how sure the spread is.
    """

    scenes: int = 0
    k: int = 0
    n: int = 0
    kk: int = 0
    kn: int = 0
    nn: int = 0
    kkkk: int = 0
    kkkn: int = 0
    kknn: int = 0
    knnn: int = 0
    nnnn: int = 0

    def plus(self, other: Sums, times: int = 1) -> Sums:
        """These scenes and others, each of them ``times`` times."""
        return Sums(*(mine + times * theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def reversed(self) -> Sums:
        """The same scenes with k as the targets that are not seen."""
        return Sums(
            self.scenes,
            self.n - self.k,
            self.n,
            self.nn - 2 * self.kn + self.kk,
            self.nn - self.kn,
            self.nn,
            self.nnnn - 4 * self.knnn + 6 * self.kknn - 4 * self.kkkn + self.kkkk,
            self.nnnn - 3 * self.knnn + 3 * self.kknn - self.kkkn,
            self.nnnn - 2 * self.knnn + self.kknn,
            self.nnnn - self.knnn,
            self.nnnn,
        )

    @property
    def rate(self) -> float:
        """The share seen, in [0, 1]; there must be targets."""
        return self.k / self.n

    @property
    def residual(self) -> float:
        """Squares of k - rate * n, summed, unbiased for the rate's own error; two scenes or more.

        0 where all scenes have one rate, as if there were no chance at all.
        """
        return max(self._squares, 0.0) * self.scenes / (self.scenes - 1)

    @property
    def freedom(self) -> int:
        """The degrees of freedom of ``residual``: at most scenes - 1, fewer where few scenes hold
        nearly all of it.

        They match the spread of the scenes' squares to that of a chi-squared law (Satterthwaite
        1946, Biometrics 2, 110-114): where two of fifty scenes hold all losses, the rate's spread
        is hardly known, however many scenes there are.
        """
        most = self.scenes - 1
        apart = self._fourths - self._squares**2 / self.scenes
        if apart <= 0:
            return most
        return max(1, min(most, round(2 * self._squares**2 / apart)))

    @property
    def _squares(self) -> float:
        rate = self.rate
        return self.kk - 2 * rate * self.kn + rate * rate * self.nn

    @property
    def _fourths(self) -> float:
        r = self.rate
        odd = 4 * r * self.kkkn + 4 * r**3 * self.knnn
        return self.kkkk + 6 * r * r * self.kknn + r**4 * self.nnnn - odd


def scene_sums(k: int, n: int) -> Sums:
    """The sums of one scene with targets."""
    kk, kn, nn = k * k, k * n, n * n
    return Sums(1, k, n, kk, kn, nn, kk * kk, kk * kn, kk * nn, kn * nn, nn * nn)


def grow(totals: list[int], part: Iterable[int]) -> None:
    """Add a part's numbers to the totals, place by place."""
    for place, value in enumerate(part):
        totals[place] += value


def rate_interval(side: Sums, beyond: float = 0.05) -> Interval:
    """The interval of a rate that misses it with probability ``beyond``, from sums over scenes.

    Where every scene holds one target it is Wilson's. Else the variance is that of a ratio over
    scenes (Cochran 1977, section 11.6) and the interval is made on the logit scale (Korn and
    Graubard 1998) with Student's quantile for the degrees of freedom that ``Sums.freedom`` finds.
    In simulation the 95 % interval covers 94-98 %, with losses in few scenes too. Where nothing
    differs, all or none, each scene counts once. Fewer than two scenes claim nothing: (0, 1).
    """
    if side.scenes < 2:
        return Interval(0.0, 1.0)
    if side.scenes == side.n or side.k in (0, side.n):
        seen = side.k if side.scenes == side.n else side.scenes if side.k else 0
        return wilson(seen, side.scenes, NormalDist().inv_cdf(1 - beyond / 2))
    rate = side.rate
    half = critical(beyond, side.freedom) * math.sqrt(side.residual) / side.n
    half /= rate * (1 - rate)
    odds = math.log(rate / (1 - rate))
    return Interval(_logistic(odds - half), _logistic(odds + half))


def clustered_rate(clusters: Iterable[tuple[int, int]]) -> Interval:
    """95 % interval of a rate from (successes, n) per clip or track: ``rate_interval``.

    Raises ``ValueError`` unless 0 <= successes <= n in each cluster.
    """
    totals = [0] * len(Sums())
    for k, n in clusters:
        if not 0 <= k <= n:
            raise ValueError("a cluster needs 0 <= successes <= n")
        if n:
            grow(totals, scene_sums(k, n))
    return rate_interval(Sums(*totals))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


@lru_cache(maxsize=4096)
def critical(beyond: float, freedom: int) -> float:
    """The t that ``two_sided`` gives the probability ``beyond``, in (0, 1); by halving."""
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > beyond:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if two_sided(middle, freedom) > beyond:
            low = middle
        else:
            high = middle
    return high


def two_sided(t: float, freedom: int) -> float:
    """P(|T| >= |t|) for Student's T with ``freedom`` degrees (Abramowitz and Stegun 26.7.3-4).

    Beyond 1000 degrees the normal law at a shifted t (26.7.8). Raises ``ValueError`` below one
    degree.

    >>> round(two_sided(2.228, 10), 3)
    0.05
    """
    if freedom < 1:
        raise ValueError("Student's t needs at least one degree of freedom")
    if freedom > 1000:
        z = abs(t) * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom))
        return math.erfc(z / math.sqrt(2))
    angle = math.atan2(abs(t), math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for step in range((freedom - odd) // 2):
        total += term
        term *= cosine * cosine * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    within = math.sin(angle) * total
    if odd:
        within = 2 / math.pi * (angle + within)
    return min(1.0, max(0.0, 1 - within))


Losses = tuple[tuple[float | None, int], ...]
"""One scene's targets: (severity at which it was lost, or None where it never was, how many)."""


def clustered_median(
    scenes: Mapping[Losses, int], *, seed: int = 0, draws: int = 2000
) -> CensoredMedian:
    """Median breaking severity over targets, with a 95 % interval for scenes that are alike within.

    ``scenes`` counts scenes by what became of their targets. Where each holds one target this is
    ``censored_median``; else whole scenes are drawn anew (Efron's percentile bootstrap), and fewer
    than 6 scenes claim nothing. Raises ``ValueError`` where there are no targets.
    """
    severities = sorted({at for losses in scenes for at, _ in losses}, key=_rising)
    places = {at: place for place, at in enumerate(severities)}
    counts = np.zeros((len(scenes), len(severities)), np.int64)
    for row, losses in enumerate(scenes):
        for at, many in losses:
            counts[row, places[at]] += many
    times = np.array(list(scenes.values()), np.int64)
    if not counts.any():
        raise ValueError("the median of no values is not defined")
    whole = times @ counts
    if (counts.sum(axis=1) == 1).all():
        return censored_median(
            [at for at, n in zip(severities, whole, strict=True) for _ in range(n)]
        )
    median, many = severities[int(_middle(whole[None])[0])], int(times.sum())
    if many < FEWEST:
        return CensoredMedian(median, 0.0, None)
    drawn = np.random.default_rng(seed).multinomial(many, times / many, size=draws)
    found = np.sort(_middle(drawn @ counts))
    low, high = found[round(0.025 * (draws - 1))], found[round(0.975 * (draws - 1))]
    return CensoredMedian(median, severities[int(low)], severities[int(high)])


def _rising(severity: float | None) -> float:
    return math.inf if severity is None else severity


def _middle(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of counts (D, S) by rising severity, the place of each row's lower median."""
    running = counts.cumsum(axis=1)
    half = (running[:, -1:] + 1) // 2
    return np.asarray((running < np.maximum(half, 1)).sum(axis=1), np.int64)
