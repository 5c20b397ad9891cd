"""Do targets inside a slice fare like those outside, when the targets of a scene are alike?

All that the comparison needs of the scenes are whole-number sums, so that it takes no more room
for a million scenes than for ten, and sums from any split of the scenes are the same.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from agent.statistics.clustered import Sums, two_sided


class Shared(NamedTuple):
    """What a slice's scenes hold in common with the whole: products of k, n inside with K, N of
    the scene, summed, and how many scenes lie wholly inside."""

    k_k: int = 0
    k_n: int = 0
    n_k: int = 0
    n_n: int = 0
    within: int = 0


def scene_shared(k: int, n: int, whole_k: int, whole_n: int) -> Shared:
    """The products of one scene of which (k, n) lie inside the slice."""
    return Shared(k * whole_k, k * whole_n, n * whole_k, n * whole_n, int(n == whole_n))


def outside(whole: Sums, inside: Sums, shared: Shared) -> Sums:
    """The sums of what lies outside a slice, scene by scene."""
    return Sums(
        scenes=whole.scenes - shared.within,
        k=whole.k - inside.k,
        n=whole.n - inside.n,
        kk=whole.kk - 2 * shared.k_k + inside.kk,
        kn=whole.kn - shared.k_n - shared.n_k + inside.kn,
        nn=whole.nn - 2 * shared.n_n + inside.nn,
    )


def clustered_p(whole: Sums, inside: Sums, shared: Shared) -> float:
    """Two-sided p-value that the rates inside and outside are equal; scenes are independent.

    The greater of two tests' p-values, since each alone raises false alarms. One takes its
    variance from the scenes of either side as they are (Liang and Zeger 1986, Biometrika 73,
    13-22), with Student's law for the scenes of the smaller side; it breaks where a slice happens
    to hold no event at all. The other takes the binomial's at the common rate, inflated by
    the correlation within scenes that all data show (Kish 1965); it breaks where the scenes of
    this slice are more alike than others, and in the long tail of rare events. 1 where a side
    holds fewer than two scenes.
    """
    rest = outside(whole, inside, shared)
    fewest = min(inside.scenes, rest.scenes)
    if fewest < 2 or whole.k in (0, whole.n):
        return 1.0
    # Counts come in steps of one, the laws are smooth: half a step less (Yates 1934).
    step = (1 / inside.n + 1 / rest.n) / 2
    difference = max(abs(inside.rate - rest.rate) - step, 0.0)
    observed = _observed(inside, rest, shared)
    alike = _alike(inside, rest)
    sizes = _inflated(inside, alike) / inside.n**2 + _inflated(rest, alike) / rest.n**2
    expected = whole.rate * (1 - whole.rate) * sizes
    return max(
        two_sided(difference / math.sqrt(observed), fewest - 1) if observed > 0 else 0.0,
        two_sided(difference / math.sqrt(expected), inside.scenes + rest.scenes - 2),
    )


def _observed(inside: Sums, rest: Sums, shared: Shared) -> float:
    """The variance of the difference, less what scenes on both sides have in common."""
    both = (
        (shared.k_k - inside.kk)
        - rest.rate * (shared.k_n - inside.kn)
        - inside.rate * (shared.n_k - inside.kn)
        + inside.rate * rest.rate * (shared.n_n - inside.nn)
    )
    unbiased = math.sqrt(inside.scenes / (inside.scenes - 1) * rest.scenes / (rest.scenes - 1))
    own = inside.residual / inside.n**2 + rest.residual / rest.n**2
    return own - 2 * both * unbiased / (inside.n * rest.n)


def _inflated(side: Sums, alike: float) -> float:
    """Targets' number, inflated by the correlation within scenes (Kish's design effect)."""
    return side.n + (side.nn - side.n) * alike


def _alike(*sides: Sums) -> float:
    """Correlation within a scene, in [0, 1], by moments; each side has its own rate."""
    beyond, most = 0.0, 0.0
    for side in sides:
        chance = side.rate * (1 - side.rate)
        beyond += side.residual - chance * side.n
        most += chance * (side.nn - side.n)
    return min(max(beyond / most, 0.0), 1.0) if most > 0 else 0.0
