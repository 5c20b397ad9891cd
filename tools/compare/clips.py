"""Paired statistics where the frames of one clip resemble each other: the clip is the unit. Pure.

Where every clip holds one target, both figures are the plain ones of ``agent.statistics.paired``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from agent.statistics.clustered import critical
from agent.statistics.intervals import Interval
from agent.statistics.paired import paired_difference

EXACT_STEPS: Final = 20_000_000
"""Work up to which all ways of turning the signs are summed; beyond, their sum is normal."""


class ClipCounts(NamedTuple):
    """One clip's targets: ``won`` seen by B alone, ``lost`` by A alone, of ``n``."""

    won: int = 0
    lost: int = 0
    n: int = 0

    def plus(self, other: ClipCounts) -> ClipCounts:
        return ClipCounts(self.won + other.won, self.lost + other.lost, self.n + other.n)


def sign_flip(differences: Iterable[int]) -> float:
    """Two-sided p-value that A and B differ but by chance, from won less lost per clip.

    If the models are alike, each clip's difference might as well have had the other sign: p is the
    share of all sign patterns whose sum is as far from 0 as the one seen. Exact (Fisher's
    randomisation test, The Design of Experiments, 1935, section 21); with one target a clip it is
    McNemar's exact test.

    >>> sign_flip([-1, -1, -1, -1, -1])
    0.0625
    >>> sign_flip([-30])
    1.0
    """
    signed = [d for d in differences if d]
    sizes = np.abs(np.array(signed, np.int64))
    whole, seen = int(sizes.sum()), abs(sum(signed))
    if len(sizes) * whole > EXACT_STEPS:
        z = max(seen - 1, 0) / math.sqrt(float((sizes.astype(np.float64) ** 2).sum()))
        return math.erfc(z / math.sqrt(2))
    # chance[k]: that the clips which fall to B hold k of the whole.
    chance = np.zeros(whole + 1)
    chance[0] = 1.0
    for size in sizes:
        moved = np.zeros_like(chance)
        moved[size:] = chance[:-size]
        chance = (chance + moved) / 2
    far = np.abs(2 * np.arange(whole + 1) - whole) >= seen
    return min(1.0, float(chance[far].sum()))


def clustered_difference(clips: Sequence[ClipCounts]) -> Interval:
    """95 % interval of B's share less A's, in [-1, 1], frames of a clip taken as alike.

    Agresti and Min's interval (as ``paired_difference``) on the effective number of targets, which
    is their number over the design effect (Rao and Scott 1992, Biometrics 48, 577-585), with
    Student's quantile for that many clips. Where the models never differ, a clip counts as one
    target. Fewer than two clips claim nothing: (-1, 1).
    """
    parts = [clip for clip in clips if clip.n]
    many = len(parts)
    won, lost, n = (sum(counts) for counts in zip(*parts, strict=True)) if parts else (0, 0, 0)
    if all(clip.n == 1 for clip in parts):
        return paired_difference(won, lost, n) if many > 1 else Interval(-1.0, 1.0)
    if many < 2:
        return Interval(-1.0, 1.0)
    effect = _design_effect(parts, won, lost, n)
    return _agresti_min(won / effect, lost / effect, n / effect, critical(0.05, many - 1))


def _design_effect(parts: Sequence[ClipCounts], won: int, lost: int, n: int) -> float:
    """How many times the variance of independent targets the clips' is; at least 1."""
    share = (won - lost) / n
    alone = ((won + lost) / n - share**2) / n
    if alone <= 0:
        return n / len(parts)
    many = len(parts)
    apart = sum((clip.won - clip.lost - share * clip.n) ** 2 for clip in parts)
    return max(1.0, apart * many / (many - 1) / n**2 / alone)


def _agresti_min(won: float, lost: float, n: float, z: float) -> Interval:
    gained, missed, whole = won + 0.5, lost + 0.5, n + 2
    difference = (gained - missed) / whole
    spread = math.sqrt(max(gained + missed - (gained - missed) ** 2 / whole, 0.0)) / whole
    return Interval(max(-1.0, difference - z * spread), min(1.0, difference + z * spread))
