"""Zoom blur of ImageNet-C: the camera rushes forward."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, inf
from typing import ClassVar, Final, NamedTuple

import cv2
import numpy as np

from agent.perturbations import Moment
from agent.perturbations.benchmark._blur_room import room
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.values import Pixels

STOP: Final = (1.11, 1.16, 1.21, 1.26, 1.31)
STEP: Final = (0.01, 0.01, 0.02, 0.02, 0.03)
_SIZES: Final = (4, 5)  # of groups


class IcZoomBlur(Corruption):
    """Streaks away from the middle, as in ImageNet-C: the camera moves fast towards the scene.

    The mean of the picture and of its enlargements by 1, 1 + step and so on below a stop: 1.11,
    1.16, 1.21, 1.26 and 1.31 in steps of .01, .01, .02, .02 and .03 at levels 1 to 5 (Hendrycks
    and Dietterich 2019), on encoded values. Each enlargement is the standard's middle cut, whole
    pixels wide, so its place jumps by up to half a pixel. Enlargements are made in groups, each
    from the mean of the first ones: above 41 dB PSNR of enlarging one by one, on photographs.
    ``scaled`` changes nothing: enlargement knows no pixels.
    """

    seeded: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        zooms = enlargements(severity)
        if len(zooms) < 2:
            return pixels.copy()
        height, width = pixels.shape[:2]
        plan = _plan(zooms, height, width)
        layers = room(0, (height + 2, width + 2, 3), np.uint8)
        means = _means(pixels, plan, layers)
        total, so_far = pixels.copy(), 1
        for count, cut in plan.groups:
            layer = means[count] if cut.whole else cut.of(means[count], layers)
            so_far += count
            part = count / so_far
            cv2.addWeighted(total, 1 - part, layer, part, 0, dst=total)
        return total

    def describe(self, severity: float) -> str:
        stop = at_level(STOP, severity, 1.0)
        return f"level {LEVELS * severity:.3g}: enlarged up to ×{stop:.3f}"


def enlargements(severity: float) -> tuple[float, ...]:
    """The factors whose pictures are averaged, from 1."""
    stop, step = at_level(STOP, severity, 1.0), at_level(STEP, severity, STEP[0])
    return tuple(np.arange(1, stop, step).tolist())


class Span(NamedTuple):
    """Pixels ``start`` to ``start + length`` of an axis, drawn over ``drawn`` pixels."""

    start: int
    length: int
    drawn: int

    def line(self) -> tuple[float, float]:
        """Slope and offset of the place seen, by the place drawn at (pixels at their centres)."""
        slope = self.length / self.drawn
        return slope, 0.5 * slope - 0.5 + self.start


class Cut(NamedTuple):
    """A part of a picture that is enlarged to the whole."""

    rows: Span
    columns: Span

    @property
    def whole(self) -> bool:
        return self.rows.length == self.rows.drawn and self.columns.length == self.columns.drawn

    def of(self, pixels: Pixels, layers: Pixels) -> Pixels:
        """The enlarged part, as a view of ``layers``, which is up to two pixels larger."""
        (top, tall, below), (left, wide, right) = self
        large = layers[:below, :right]
        seen = pixels[top : top + tall, left : left + wide]
        cv2.resize(seen, (right, below), dst=large, interpolation=cv2.INTER_LINEAR)
        return large[: pixels.shape[0], : pixels.shape[1]]


class Plan(NamedTuple):
    """``first`` enlargements are averaged; each group enlarges the mean of the first ``count``."""

    first: list[Cut]
    groups: list[tuple[int, Cut]]


@lru_cache(maxsize=32)  # some tuples of numbers each
def _plan(zooms: tuple[float, ...], height: int, width: int) -> Plan:
    rows = _axis_plans(zooms, height)
    columns = _axis_plans(zooms, width)
    best = min(range(len(_SIZES)), key=lambda n: rows[n][0] + columns[n][0])
    (_, first_rows, group_rows), (_, first_columns, group_columns) = rows[best], columns[best]
    counts = [len(zooms[n : n + _SIZES[best]]) for n in range(0, len(zooms), _SIZES[best])]
    cuts = [Cut(*spans) for spans in zip(group_rows, group_columns, strict=True)]
    return Plan(
        [Cut(*spans) for spans in zip(first_rows, first_columns, strict=True)],
        list(zip(counts, cuts, strict=True)),
    )


AxisPlan = tuple[float, list[Span], list[Span]]


@lru_cache(maxsize=64)  # some numbers each; a square picture's axes are alike
def _axis_plans(zooms: tuple[float, ...], side: int) -> list[AxisPlan]:
    """For each size of groups: how far places are off, squared; the first spans; the groups'."""
    wanted = [_line(zoom, side) for zoom in zooms]
    return [_axis_plan(wanted, side, size) for size in _SIZES]


def _axis_plan(wanted: list[tuple[float, float]], side: int, size: int) -> AxisPlan:
    first = [_nearest(*line, side)[1] for line in wanted[:size]]
    groups, off = [], 0.0
    for start in range(0, len(wanted), size):
        # A member is seen through its place in the group, then through the group's own: the
        # group's line is the mean of what its members need.
        members = wanted[start : start + size]
        needed = [_before(line, span.line()) for line, span in zip(members, first, strict=False)]
        slope, offset = (sum(part) / len(members) for part in zip(*needed, strict=True))
        missed, span = _nearest(slope, offset, side)
        off += len(members) * missed + sum(
            _apart(slope - each, offset - shift, side) for each, shift in needed
        )
        groups.append(span)
    return off, first, groups


def _line(zoom: float, side: int) -> tuple[float, float]:
    """Slope and offset of the place seen by the place drawn at, as the standard enlarges.

    It cuts ceil(side / zoom) pixels from the middle and puts the first and last pixel's centre
    on those of the enlarged picture, whose size is rounded and whose rest is cut off.
    """
    cut = ceil(side / zoom)
    drawn = round(cut * zoom)
    return (cut - 1) / (drawn - 1), float((side - cut) // 2)


def _before(wanted: tuple[float, float], inner: tuple[float, float]) -> tuple[float, float]:
    """The line that, seen through ``inner``, is ``wanted``."""
    return wanted[0] / inner[0], (wanted[1] - inner[1]) / inner[0]


def _nearest(slope: float, offset: float, side: int) -> tuple[float, Span]:
    """The span of whole pixels that shows nearest to where a line does."""
    best = inf, Span(0, side, side)
    for drawn in (side, side + 1, side + 2):
        near = round(slope * drawn)
        for length in (near - 1, near, near + 1):
            scale = length / drawn
            # The start that is off by as much at the first pixel as at the last.
            start = round(offset + 0.5 - 0.5 * scale + 0.5 * (slope - scale) * (side - 1))
            if start < 0 or length < 1 or start + length > side:
                continue
            span = Span(start, length, drawn)
            slope_seen, offset_seen = span.line()
            best = min(best, (_apart(slope_seen - slope, offset_seen - offset, side), span))
    return best


def _apart(slope: float, offset: float, side: int) -> float:
    """How far places are off by a difference of lines: the mean of squares, times 3."""
    low, high = offset, slope * (side - 1) + offset
    return low * low + high * high + low * high


def _means(pixels: Pixels, plan: Plan, layers: Pixels) -> dict[int, Pixels]:
    """The mean of the first enlargements, by their number, for the numbers that are needed."""
    needed = {count for count, _ in plan.groups}
    found = {1: pixels}
    mean = room(1, pixels.shape, np.uint8)
    np.copyto(mean, pixels)
    for count, cut in enumerate(plan.first[1:], 2):
        cv2.addWeighted(mean, 1 - 1 / count, cut.of(pixels, layers), 1 / count, 0, dst=mean)
        if count in needed:
            found[count] = mean
            if count < max(needed):
                found[count] = room(2, pixels.shape, np.uint8)
                np.copyto(found[count], mean)
    return found
