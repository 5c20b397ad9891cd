"""Rows that are stuck: a fault in the sensor's read-out or its cable."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.values import Pixels

_BLOCKS: Final = 3


class FrozenRows(Perturbation):
    """Blocks of rows repeat what was read before them.

    ``repeats`` row: the line buffer is not filled again, so the last good row is sent until the
    fault is over, and drawn down as stripes. ``repeats`` block: the row address jumps back, so the
    rows before the fault are read a second time. The blocks (three) lie at other places each
    ``lasts_s`` seconds, as a loose contact's do. Severity is the part of all rows that is stuck, up
    to ``share`` (.5; our choice, which leaves little of a sign that lies across a block). Rows of
    an earlier frame would need memory of it: a perturbation has none, they repeat within the
    picture.
    """

    motion: ClassVar[Motion] = "moving"

    share: float = Field(0.5, gt=0, le=0.9)
    repeats: Literal["row", "block"] = "row"
    lasts_s: float = Field(0.2, gt=0)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        return np.take(pixels, self.sources(pixels.shape[0], severity, moment), axis=0)

    def sources(self, height: int, severity: float, moment: Moment) -> NDArray[np.intp]:
        """The row that is shown at each of ``height`` rows, (H,)."""
        rows = np.arange(height)
        chance = moment.generator(f"{self.kind()} {int(moment.time_s // self.lasts_s)}")
        sizes = chance.dirichlet((4.0,) * _BLOCKS)
        starts = chance.random(_BLOCKS)
        stuck = severity * self.share * height
        # Each block has a stretch of the picture to itself, so that none takes another's rows.
        ends = np.rint(np.cumsum(sizes) * height).astype(int)
        begins = np.concatenate([[0], ends[:-1]])
        counts = np.diff(np.rint(np.concatenate([[0], np.cumsum(sizes)]) * stuck).astype(int))
        for begin, end, count, start in zip(begins, ends, counts, starts, strict=True):
            first = self._first(int(begin), int(end), float(start))
            last = min(first + int(count), int(end))
            first = max(last - int(count), int(begin), 1)
            rows[first:last] = self._repeated(first, last)
        return rows

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.share:.1f} % of rows stuck"

    def _first(self, begin: int, end: int, start: float) -> int:
        room = (end - begin) * (1 - self.share)
        return begin + 1 + round(start * room)

    def _repeated(self, first: int, last: int) -> NDArray[np.intp]:
        if self.repeats == "row":
            return np.full(max(last - first, 0), first - 1)
        back = max(min(last - first, first), 1)
        return np.arange(first, last) - back * (1 + (np.arange(last - first) // back))
