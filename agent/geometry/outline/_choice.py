"""Which of several fitted outlines is the sign's, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.geometry.outline._canvas import Canvas
from agent.geometry.outline._fit import STEP, Array, profiles, project, refine
from agent.geometry.outline._templates import template
from agent.geometry.shapes import Shape

_REACH: Final = 0.16  # how far beside an outline chance is measured, in boxes
_RINGS: Final = (0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4)
_RESOLVED_PX: Final = 12.0  # a smaller sign's thin border is lost in its surroundings
_LARGEST: Final = 1.2  # of the box
_CONCENTRIC: Final = 0.06  # of the box, that a ring's corners may be off
_RING_WEAKEST: Final = 0.3  # of the first outline's weakest sides
_RING_SHARE: Final = 0.65  # of the best ring's support that the outermost one needs

# Unlikely shapes cost: half a typical corner's support where all four are at their bounds.
_BEND: Final = 0.02
_AWAY: Final = 0.002
_OFF: Final = 0.3  # what an edge loses at the limit of where it still counts
_ROUND: Final = 0.015  # most signs are round, and small octagons look it

# Fitted to 3,000 outlines and places without a sign. Right is: within 6 % of the size on
# photographs of stop signs, within 9 % and of the right shape on crops of 43 kinds of sign,
# within .8 px or 12 % on drawn drives.
_LOGIT: Final = (18.5, -5.87, -3.29, -0.92, -1.11, -1.33, 3.18)


class Support(NamedTuple):
    """What speaks for outlines, each (C,): the mean strength of the edges ``at`` them, that of
    their ``weakest`` two sides, that ``beside`` them, how far they ``bend`` from an upright
    rectangle and lie ``away`` from the box, in typical departures, squared."""

    at: Array
    weakest: Array
    beside: Array
    bend: Array
    away: Array


def best_of(drawn: Canvas, names: Sequence[Shape], fitted: Array) -> int:
    """The index of the best supported of outlines, given as homographies (C, 8)."""
    seen = measure(drawn, names, fitted, (_near(drawn) + 2) * STEP / drawn.inner)
    favour = np.array([_ROUND if name == "circle" else 0.0 for name in names])
    cost = _BEND * np.minimum(seen.bend, 25) + _AWAY * np.minimum(seen.away, 25)
    return int((seen.at + 0.2 * seen.weakest + favour - cost).argmax())


def outermost(drawn: Canvas, name: Shape, homography: Array) -> tuple[Array, Support]:
    """The largest outline of like support about one, and its support."""
    extent = template(name).extent
    size = np.sqrt(abs(homography[0] * extent[0] * homography[4] * extent[1]))
    fine = drawn.inner / drawn.blur > _RESOLVED_PX
    rings = [r for r in _RINGS if r == 1 or ((fine or r > 1.1) and r * size < _LARGEST)]
    starts = np.stack([_enlarged(homography, r, template(name).middle) for r in rings])
    points = np.stack([template(name).points] * len(rings))
    normals = np.stack([template(name).normals] * len(rings))
    fitted = refine(drawn, points, normals, starts, (0.03, 0.018, 0.014))
    seen = measure(drawn, [name] * len(rings), fitted)
    like = seen.at >= _RING_SHARE * seen.at.max()
    like &= seen.weakest >= _RING_WEAKEST * seen.weakest[rings.index(1.0)]
    like &= _eccentricity(homography, fitted, template(name).middle) <= _CONCENTRIC
    like[rings.index(1.0)] |= not like.any()
    chosen = int(np.flatnonzero(like)[-1])
    return fitted[chosen], Support(*(part[chosen : chosen + 1] for part in seen))


def _eccentricity(inner: Array, rings: Array, middle: float) -> Array:
    """How far rings (C, 8) are from being an outline evenly enlarged, in boxes (C,)."""
    points = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (0.0, middle)])
    seen = project(points[None], np.concatenate([inner[None], rings]))
    spokes = seen[:, :4] - seen[0, 4]
    own = spokes[0]
    ratio = (spokes[1:] * own).sum((1, 2)) / (own * own).sum()
    off = spokes[1:] - ratio[:, None, None] * own
    return np.asarray(np.abs(off).max((1, 2)))


def _enlarged(homography: Array, ratio: float, middle: float) -> Array:
    """An outline ``ratio`` times as large, about a point of its upright axis."""
    a, b, c, d, e, f, g, h = homography
    off = (1 - ratio) * middle
    return np.array(
        (a * ratio, b * ratio, c + b * off, d * ratio, e * ratio, f + e * off, g, h), np.float64
    )


def confidence(drawn: Canvas, seen: Support) -> float:
    """How likely an outline is right, 0..1: a logistic of its support."""
    reasons = (
        float(seen.at[0]),
        float(seen.weakest[0]),
        float(seen.beside[0]),
        min(float(seen.bend[0]), 25.0) ** 0.5,
        min(float(seen.away[0]), 25.0) ** 0.5,
        min(float(np.log(drawn.inner / drawn.blur)), 4.2),
        1.0,
    )
    return float(1 / (1 + np.exp(-np.dot(_LOGIT, reasons))))


def measure(drawn: Canvas, names: Sequence[Shape], fitted: Array, reach: float = _REACH) -> Support:
    """The support of outlines, given as homographies (C, 8) of the shapes ``names`` (C), and of
    their surroundings up to ``reach`` boxes."""
    made = [template(name) for name in names]
    points, normals = np.stack([t.points for t in made]), np.stack([t.normals for t in made])
    seen = profiles(drawn, points, normals, fitted, reach)
    at = _crests(seen.response, _near(drawn))
    weakest = np.array([_weakest(row, t.side) for row, t in zip(at, made, strict=True)])
    extent = np.array([t.extent for t in made])
    wide = np.log(np.maximum(np.abs(fitted[:, 0] * extent[:, 0]), 1e-3))
    high = np.log(np.maximum(np.abs(fitted[:, 4] * extent[:, 1]), 1e-3))
    slant = (fitted[:, 1] ** 2 + fitted[:, 3] ** 2) / 0.12**2
    keystone = (fitted[:, 6] ** 2 + fitted[:, 7] ** 2) / 0.08**2
    bend = slant + keystone + (wide - high) ** 2 / 0.15**2
    away = (wide**2 + high**2 + fitted[:, 2] ** 2 + fitted[:, 5] ** 2) / 0.1**2
    return Support(at.mean(1), weakest, seen.response.mean((1, 2)), bend, away)


def _near(drawn: Canvas) -> int:
    """How many steps an edge may be off an outline that it supports."""
    return max(1, round(0.5 * drawn.blur))


def _crests(response: Array, near: int) -> Array:
    """The strongest edge within ``near`` steps of each point (C, N): crests only, no flanks; one
    that is off the point counts less."""
    first = response.shape[2] // 2 - near
    last = first + 2 * near + 1
    level = response[..., first:last]
    crest = level >= response[..., first - 1 : last - 1]
    crest &= level >= response[..., first + 1 : last + 1]
    nearness = 1 - _OFF * (np.arange(-near, near + 1) / near) ** 2
    return np.asarray((level * crest * nearness).max(2))


def _weakest(at: Array, side: NDArray[np.int64]) -> float:
    """The mean support of the two sides that have least."""
    sides = np.bincount(side, at) / np.bincount(side)
    return float(np.sort(sides)[:2].mean())
