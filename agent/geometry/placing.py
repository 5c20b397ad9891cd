"""Where a target's sign lies: what is known of it, or else what its pixels tell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from agent.geometry.outline import CONFIDENT, find_outline
from agent.geometry.plane import convex, sign_plane
from agent.geometry.shapes import SHAPES, Shape
from agent.geometry.tracks import Tracker
from agent.values import Box, Pixels, Placement, Quad, Target

CROP_CONFIDENT: Final = 0.4
"""Enough for a classifier's crop: the middle of the frame is a poorer guess than a box."""

TINY_PX: Final = 8.0
"""A sign no larger cannot show what is drawn on it."""

# The first whose words are found in a label names the shapes that its sign has, in Europe (Vienna
# Convention) and North America (MUTCD), which agree on the first two.
_NAMED: Final[tuple[tuple[str, tuple[Shape, ...]], ...]] = (
    (r"\bstop\b", ("octagon",)),
    (r"\b(yield|give ?way)\b", ("inverted_triangle",)),
    (r"\bpriority\b", ("diamond",)),
    (r"\b(caution|curve|crossing|bumpy|slippery|narrows|road ?work)\b", ("triangle", "diamond")),
    (r"\b(speed.?limit|no (entry|passing|overtaking)|prohibited|end of)\b", ("circle", "square")),
    (r"\b(ahead only|keep (left|right)|turn (left|right)|roundabout)\b", ("circle", "square")),
)


def likely_shapes(label: str) -> tuple[Shape, ...]:
    """The shapes that a sign of this name may have: all, where the name does not tell."""
    plain = re.sub(r"[-_]+", " ", label.lower())
    for words, shapes in _NAMED:
        if re.search(words, plain):
            return shapes
    return SHAPES


class Places:
    """Where the signs of one frame's targets lie: looked for when asked, and once each.

    With a ``tracker`` that has followed the frame, predicted targets' places are steadied by
    those before.
    """

    def __init__(self, pixels: Pixels, tracker: Tracker | None = None) -> None:
        self._pixels = pixels
        self._tracker = tracker
        self._known: dict[int, Target] = {}

    def of(self, target: Target) -> Target:
        """The target with its sign's quad, as far as it can be known, and its face."""
        if target.number not in self._known:
            self._known[target.number] = self._steadied(place(self._pixels, target))
        return self._known[target.number]

    def _steadied(self, located: Target) -> Target:
        if self._tracker is None or located.from_truth or located.region is None:
            return located
        quad = self._tracker.settle(located.track, located.quad)
        if quad is None:
            return located
        known = located.placement if located.quad is not None else "track"
        return replace(located, quad=quad, placement=known)


def place(pixels: Pixels, target: Target) -> Target:
    """The target with its sign's quad and face, from the outline in the picture where it is clear.

    A quad that is known stays; where no outline is clear, the box stays what is known.
    """
    shapes = likely_shapes(target.label or "")
    assumed = shapes[0]
    if target.quad is not None:
        return target if target.face else replace(target, face=assumed)
    found = find_outline(pixels, target.region, shapes)
    enough = CROP_CONFIDENT if target.region is None else CONFIDENT
    if found is None or found.confidence < enough:
        return replace(target, face=assumed)
    return replace(target, quad=found.quad, face=found.shape, placement="outline")


def placement_of(box: Box | None, quad: Quad | None) -> Placement:
    """How a true object's place is known before anyone looks for its outline."""
    if quad is not None and convex(np.asarray(quad, np.float64)):
        return "truth"
    return "frame" if box is None else "box"


def remark(shape: tuple[int, ...], target: Target) -> str:
    """Why little or nothing can lie on a target in a picture of ``shape`` (H, W, ...): ``outside``,
    ``tiny``, or nothing."""
    plane = sign_plane(shape, region=target.region, quad=target.quad)
    if plane.window(shape, margin_px=0.0).empty:
        return "outside"
    return "tiny" if plane.side_px <= TINY_PX else ""
